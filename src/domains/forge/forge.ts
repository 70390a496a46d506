import type { z } from 'zod'
import type { AnnouncedPullRequest, CheckIn } from './check-in.ts'
import type { ConnectForge } from './client.ts'
import type { ForgeConfig } from './config.ts'
import type { Headers, SignedRequest } from './signature.ts'

/**
 * A kind of forge: everything that Fairlead knows about it. Adding a kind takes one file in
 * `forges/` and `node tools/generate.ts`.
 */
export interface Forge {
  /** name in the API, in the database and in the event log */
  kind: string
  /** name of the product */
  title: string
  webhook: WebhookSender
  /** absent for a sender of webhooks that has no API */
  api?: ForgeApi
  /**
   * The ref that holds the head of an announced pull request. Absent when pull requests of this
   * sender cannot be fetched.
   */
  pullRequestRef?(pull: Pick<AnnouncedPullRequest, 'number' | 'head' | 'base'>): string
}

/** How a forge identifies, signs and encodes its webhook deliveries. */
export interface WebhookSender {
  /** Whether the headers are those of this sender. */
  isSender(headers: Headers): boolean
  /** Other kinds whose headers this sender sends besides its own. */
  imitates?: readonly string[]
  /** Whether the headers hold a signature; the body of an unsigned request is not read. */
  isSigned(headers: Headers): boolean
  /** Verifies the signature over the bytes as received, in constant time. */
  isAuthentic(request: SignedRequest): boolean
  /** The sender's ID of the delivery, equal when it tries again; null when it sends none. */
  deliveryId(headers: Headers): string | null
  /** The sender's name of the event. */
  event(headers: Headers): string
  /** Reads the parsed body. Throws a ZodError. */
  read(event: string, payload: unknown, headers: Headers): CheckIn[]
  /** A push to `refs/heads/main` from 40 times `a` to 40 times `b`, unsigned. */
  example: { headers: Record<string, string>; payload: unknown }
}

export interface ForgeApi {
  /** of the public service; null when there is none */
  publicUrl: string | null
  config: z.ZodType<ForgeConfig>
  example: Omit<ForgeConfig, 'url'> & { url?: string }
  /** its clients have `issues` */
  hasIssues: boolean
  /** Runs once per process; what it returns may cache tokens. */
  open(): ConnectForge
}

export const defineForge = <const Kind extends string>(
  forge: Forge & { kind: Kind },
): Forge & { kind: Kind } => forge
