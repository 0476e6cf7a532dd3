/**
 * What the code in the documents takes for granted, by name: each block gets the declarations of the names that it uses and
 * does not declare itself.
 */
export const CONTEXT: { readonly [name: string]: string } = {
  Shop: `interface Shop {
    cart: { items: string[] }
    profile: { name: string }
    feed: string[]
    photos: string[]
    oauth: { accessToken: string; refreshToken: string; expiresAt: number }
  }`,
  holdfast: `declare const holdfast: import('holdfast').Holdfast<Shop>`,
  createHoldfast: `import { createHoldfast } from 'holdfast'`,
  isHoldfastError: `import { isHoldfastError } from 'holdfast'`,
  OpenSessionOf: `import type { OpenSessionOf } from 'holdfast'`,
  Worker: `import { Worker } from 'node:worker_threads'`,
  id: 'declare const id: string',
  idsWithOldCarts: 'declare const idsWithOldCarts: string[]',
  response: `declare const response: import('node:http').ServerResponse`,
  send: 'declare function send(to: object, entry: string): Promise<void>',
  server: `declare const server: import('node:http').Server`,
  histogram: 'declare function histogram(name: string, value: number, labels: object): void',
  error: 'declare const error: unknown',
  hasFailed: 'declare const hasFailed: boolean',
  busy: 'declare function busy(behind: number | undefined): void',
  NotLoggedInError: 'declare class NotLoggedInError extends Error {}',
  refresh: `declare function refresh(token: string, options: { signal: AbortSignal }): Promise<Shop['oauth']>`,

  SessionData: `import type { SessionData } from 'express-session'`,
  app: `declare const app: import('express').Express`,
  Request: `import type { Request } from 'express'`,
  Response: `import type { Response } from 'express'`,
  NextFunction: `import type { NextFunction } from 'express'`,
  req: `declare const req: import('express').Request`,
  secret: 'declare const secret: string',
  checkPassword: 'declare function checkPassword(body: unknown): Promise<string>',
  report: 'declare function report(filter: string | undefined): AsyncIterable<string>',
  store: `declare function store(req: import('express').Request): Promise<string>`,
  FallbackStore: `import type { FallbackStore } from 'holdfast/express-session'`,
  OldSession: 'interface OldSession { cookie: object; exportedReport?: string; [name: string]: unknown }',
  oldStore: `declare const oldStore: {
    get(id: string, done: (error: unknown, old: OldSession | null) => void): void
    destroy(id: string, done?: (error?: unknown) => void): void
  }`,

  Hono: `import { Hono } from 'hono'`,
  HTTPException: `import { HTTPException } from 'hono/http-exception'`,
  WebSession: `import type { WebSession } from 'holdfast/web'`,
  withSession: `import { withSession } from 'holdfast/web'`,
  fastify: `const fastify = (await import('fastify')).default()`,
  cookie: `import cookie from '@fastify/cookie'`,
  holdfastSession: `import { holdfastSession } from 'holdfast/fastify'`,

  withHoldfast: `import { withHoldfast } from 'holdfast/lambda'`,
  InvocationHoldfast: `import type { InvocationHoldfast } from 'holdfast/lambda'`,
  Event: 'interface Event { item: string }',
  Result: 'interface Result { statusCode: number }',
  Context: `import type { Context } from 'aws-lambda'`,
  Writable: `import type { Writable } from 'node:stream'`,
  addToCart: `declare function addToCart(holdfast: import('holdfast/lambda').InvocationHoldfast<Shop>, event: Event): Promise<Result>`,
  middy: `import middy from '@middy/core'`,
  httpJsonBodyParser: 'declare function httpJsonBodyParser(): object',
  client: `declare const client: import('holdfast').Holdfast<Shop>`,
  answer: `declare function answer(event: Event, stream: Writable, holdfast: object): Promise<void>`,
  awslambda: `declare const awslambda: {
    streamifyResponse(handler: (event: Event, stream: Writable, context: Context) => Promise<void>): unknown
  }`,

  processId: 'declare const processId: string',
  locksTable: 'declare const locksTable: string',
  stack: `declare const stack: import('aws-cdk-lib').Stack`,
  taskDefinition: `declare const taskDefinition: import('aws-cdk-lib/aws-ecs').TaskDefinition`,
  certificate: `declare const certificate: import('aws-cdk-lib/aws-certificatemanager').ICertificate`,
  zone: `declare const zone: import('aws-cdk-lib/aws-route53').IHostedZone`,
  container: `declare const container: import('aws-cdk-lib/aws-ecs').ContainerDefinition`,
}

/** Of the sessions in the blocks for Express. */
export const SESSION_DATA = `import 'express-session'
declare module 'express-session' {
  interface SessionData {
    cart: string[]
    user: string
    seenAt: number
    filter: string
    photos: string[]
  }
}`
