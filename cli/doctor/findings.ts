import { CURES, type Problem, problemOf } from '../stack/problems.js'

/** A fault keeps applications from working, or will; a warning may be as it should. */
export interface Finding extends Problem {
  readonly severity: 'fault' | 'warning'
}

/** What only `doctor` finds, with its cure. */
const FINDINGS = {
  NODE_OLD: 'Install Node.js 20.16 or later.',
  CONFIG_MISSING: "Set the stack's output HoldfastConfig as HOLDFAST_CONFIG, or give it as --config.",
  CONFIG_WRONG: "Take the stack's output HoldfastConfig as it is, in single quotes in a shell.",
  TTL_MISSING: "Enable TTL on the attribute expiresAt: deploy the stack anew, or 'aws dynamodb update-time-to-live'.",
  LOCKS_EMPTIED:
    "If Locks was restored or changed by hand, run 'holdfast incarnation next'. If it was emptied, this passes with use.",
  RECORDS_OF_OTHER_VERSION:
    'Another version of Holdfast writes to these tables: bring functions and applications to the same.',
  NOT_VISIBLE:
    'An application has no right to look there. Take the rights of an operator (docs/guide/cli.md) to check it.',
  NAMESPACE_UNKNOWN: 'Check --namespace: it is the one of createHoldfast. A new application has no sessions yet.',
  QUEUE_STUCK:
    "Look at the functions' logs and errors. 'holdfast show' names the holder; its lease, or its busy time, should have ended.",
  GATEWAY_UNREACHABLE: 'Check url of the configuration, DNS, the network and proxies. A local stack must run.',
  CONNECT_FORBIDDEN:
    "Check url of the configuration, with its stage. Give the role execute-api:Invoke on the stage's $connect (the stack's output AccessPolicy). In a VPC, an endpoint for execute-api with private DNS answers 403 for public APIs: give the store a domainName.",
  GATEWAY_WRONG: 'There is no such API or stage: take url from the output HoldfastConfig of this region.',
  FUNCTIONS_FAILING: "Look at the log of the function 'connection': it failed, or has no right to the Locks table.",
  FUNCTIONS_SILENT:
    "Nothing answered the greeting. Look at the log of the function 'connection', and at its concurrency.",
  VERSION_WRONG: 'The functions are of another version than this package: deploy the stack with this one.',
  PUSHES_LOST:
    'Pushes do not arrive, so every handoff waits for a nudge: give the functions execute-api:ManageConnections, and look at PostToConnection errors in their logs.',
  ROUND_TRIP_FAILED: 'The message names the step. Look at the logs of the functions grant and release.',
} as const

type FindingCode = keyof typeof FINDINGS

export const finding = (code: FindingCode, what: string, severity: Finding['severity'] = 'fault'): Finding => ({
  code,
  what,
  cure: FINDINGS[code],
  severity,
})

/** Every code that a report may have. */
export const CODES: readonly string[] = [...Object.keys(FINDINGS), ...Object.keys(CURES)]

/** The finding behind an error. An error of the client is explained by its cause, where that is of AWS. */
export function findingOf(error: unknown, table?: string): Finding {
  const cause = (error as { readonly cause?: unknown } | undefined)?.cause
  const inner = cause === undefined ? undefined : problemOf(cause, table)
  const problem = inner === undefined || inner.code === 'FAILED' ? problemOf(error, table) : inner
  return { ...problem, severity: 'fault' }
}
