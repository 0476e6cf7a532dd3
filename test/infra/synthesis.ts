import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { App, CfnElement } from 'aws-cdk-lib'
import { HoldfastStack, type HoldfastStackProps } from '../../infra/index.js'
import { packageRoot } from '../../local/package-root.cjs'

/** A part of a template, as CloudFormation has it: of any shape, since its schema is in no type. */
// biome-ignore lint/suspicious/noExplicitAny: the one place where a template is let in.
export type Part = any

/** One resource of a template. */
export interface Resource {
  readonly Type: string
  readonly Properties: { readonly [name: string]: Part }
  readonly DeletionPolicy?: string
  readonly UpdateReplacePolicy?: string
  readonly DependsOn?: readonly string[]
}

/** A synthesized stack, its resources by the path of their construct, such as `Tables/Locks`. */
export interface Synthesis {
  readonly template: Part
  readonly directory: string
  readonly resources: ReadonlyMap<string, Resource>
  ofType(type: string): readonly (readonly [path: string, resource: Resource])[]
  one(path: string): Resource
  /** A value with its intrinsics written out: `<Tables/Locks.Arn>`. */
  text(value: unknown): string
}

const folder = mkdtempSync(join(tmpdir(), 'holdfast-infra-'))
let apps = 0

afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A CDK app under the feature flags of cdk.json. What it writes is gone after the tests. */
export function createApp(): App {
  const { context } = JSON.parse(readFileSync(join(packageRoot, 'cdk.json'), 'utf8'))
  apps += 1
  return new App({ context, outdir: join(folder, String(apps)) })
}

/** Synthesizes the stack as the CDK app does. */
export function synthesize(props: HoldfastStackProps = {}): Synthesis {
  const app = createApp()
  const stack = new HoldfastStack(app, 'Holdfast', props)
  const assembly = app.synth()
  const { template } = assembly.getStackByName('Holdfast')
  const elements = stack.node.findAll().filter((construct) => CfnElement.isCfnElement(construct))
  const paths = new Map(elements.map((element) => [stack.resolve(element.logicalId) as string, shortPath(element)]))
  const entries = Object.entries<Resource>(template.Resources).map(
    ([id, resource]) => [paths.get(id) ?? id, resource] as const,
  )
  const resources = new Map(entries)
  return {
    template,
    directory: assembly.directory,
    resources,
    ofType: (type) => entries.filter(([, resource]) => resource.Type === type),
    one(path) {
      const resource = resources.get(path)
      if (resource === undefined)
        throw new Error(`no resource '${path}', there are: ${[...resources.keys()].join(', ')}`)
      return resource
    },
    text: (value) => text(value, paths),
  }
}

const shortPath = (element: CfnElement): string =>
  element.node.path.replace(/^Holdfast\/(Holdfast\/)?/, '').replace(/\/Resource$/, '')

function text(value: unknown, paths: ReadonlyMap<string, string>): string {
  if (typeof value !== 'object' || value === null) return String(value)
  const [[intrinsic, argument] = []] = Object.entries<Part>(value)
  switch (intrinsic) {
    case 'Ref':
      return `<${paths.get(argument) ?? argument}>`
    case 'Fn::GetAtt':
      return `<${paths.get(argument[0]) ?? argument[0]}.${argument[1]}>`
    case 'Fn::Join':
      return argument[1].map((part: unknown) => text(part, paths)).join(argument[0])
    default:
      throw new Error(`an intrinsic that this test does not know: ${JSON.stringify(value)}`)
  }
}
