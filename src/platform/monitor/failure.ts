import { type Finding } from './monitor-kind.ts'

const words: Record<string, string> = {
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection was closed',
  EPIPE: 'the connection was closed',
  ENOTFOUND: 'its name has no address',
  ENODATA: 'its name has no address',
  EAI_AGAIN: 'its name cannot be resolved',
  ETIMEDOUT: 'it did not answer',
  ETIMEOUT: 'the name server did not answer',
  EHOSTUNREACH: 'there is no way to it',
  ENETUNREACH: 'there is no way to it',
  HPE_INVALID_CONSTANT: 'the answer is not HTTP',
}

/** Codes of errors that a prober without a network gets, too. */
const cutOff = new Set([
  ...['EAI_AGAIN', 'ETIMEDOUT', 'ETIMEOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'ENETDOWN'],
  'EADDRNOTAVAIL',
])

/** Node adds how its own options help, which is no help to who reads an alert. */
const hintOfNode = /; if the root CA is installed locally.*/

/** What an error of a connection says of a monitor. */
export function failureOf(error: unknown): Finding {
  const { code, message, errors } = error as NodeJS.ErrnoException & {
    errors?: NodeJS.ErrnoException[]
  }
  // Several addresses were tried; the first one says it best.
  if (errors?.[0]) return failureOf(errors[0])
  return {
    state: code === 'EACCES' ? 'unknown' : 'down',
    reason: words[code ?? ''] ?? message.replace(hintOfNode, ''),
    isCutOff: cutOff.has(code ?? ''),
  }
}
