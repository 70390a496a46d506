import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import { type PeerReport, peerReport, type RosterHost } from '#contract/host/roster.ts'

/** What hosts of an installation say to each other, signed with the secret that they share. */

const signatureHeader = 'fairlead-signature'
/** Milliseconds that another host has to answer. */
const patience = 3000
const answerLimit = 1_000_000

/** The nonce ties an answer to its question, so that an old answer counts for nothing. */
const question = z.object({ nonce: z.string(), report: peerReport })

const sign = (secret: string, what: 'ask' | 'answer', nonce: string, text: string): string =>
  createHmac('sha256', secret).update(`${what} ${nonce} ${text}`).digest('base64url')

function isSigned(signature: unknown, right: string): boolean {
  const given = Buffer.from(typeof signature === 'string' ? signature : '')
  return given.length === right.length && timingSafeEqual(given, Buffer.from(right))
}

/** Asks other hosts; returns what those said that answered. */
export async function askHosts(
  hosts: readonly RosterHost[],
  secret: string,
  report: PeerReport,
): Promise<PeerReport[]> {
  if (secret === '') return []
  const asked = hosts.flatMap(({ id, url }) =>
    url === null || id === report.host ? [] : [ask(url, secret, report).catch(() => null)],
  )
  return (await Promise.all(asked)).filter((said) => said !== null)
}

async function ask(url: string, secret: string, report: PeerReport): Promise<PeerReport | null> {
  const nonce = randomBytes(16).toString('base64url')
  const body = JSON.stringify({ nonce, report })
  const response = await fetch(`${url}/outage`, {
    ...{ method: 'POST', body, redirect: 'error', signal: AbortSignal.timeout(patience) },
    headers: {
      'content-type': 'application/json',
      [signatureHeader]: sign(secret, 'ask', '', body),
    },
  })
  const text = await response.text()
  if (!response.ok || text.length > answerLimit) return null
  const right = sign(secret, 'answer', nonce, text)
  return isSigned(response.headers.get(signatureHeader), right)
    ? peerReport.parse(JSON.parse(text))
    : null
}

export interface SignedAnswer {
  text: string
  headers: Record<string, string>
}

/** Answers another host; null when the question is not signed with the secret. */
export function answerHost(
  secret: string,
  { text, headers }: { text: string; headers: Record<string, unknown> },
  answer: (said: PeerReport) => PeerReport,
): SignedAnswer | null {
  if (secret === '' || !isSigned(headers[signatureHeader], sign(secret, 'ask', '', text)))
    return null
  const { nonce, report } = question.parse(JSON.parse(text))
  const said = JSON.stringify(answer(report))
  return { text: said, headers: { [signatureHeader]: sign(secret, 'answer', nonce, said) } }
}
