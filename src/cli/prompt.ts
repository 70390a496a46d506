import { isUtf8 } from 'node:buffer'
import { FairleadError } from '#contract/errors.ts'
import type { Context } from './context.ts'

/** Reads a value from standard input; on a terminal with a prompt and without echo. */
export async function readSecret(context: Context, prompt: string): Promise<string> {
  const { stdin } = context
  if (stdin.isTTY !== true) {
    const chunks: Buffer[] = []
    for await (const chunk of stdin as AsyncIterable<Buffer>) chunks.push(Buffer.from(chunk))
    return decode(Buffer.concat(chunks), 'standard input')
  }
  context.stderr.write(prompt)
  stdin.setRawMode?.(true)
  try {
    return await readLine(context)
  } finally {
    stdin.setRawMode?.(false)
    stdin.pause()
    context.stderr.write('\n')
  }
}

/** The text of a value. A variable has only text, so other bytes would be changed silently. */
export function decode(bytes: Buffer, field: string): string {
  if (isUtf8(bytes)) return bytes.toString('utf8')
  throw new FairleadError('invalid_input', {
    field,
    problem: 'is not text in UTF-8: encode it as base64, and decode it in the app',
  })
}

/** Asks a question that Enter answers with yes. Without a terminal the answer is no. */
export async function confirm(context: Context, question: string): Promise<boolean> {
  const { stdin } = context
  if (stdin.isTTY !== true || context.isJson()) return false
  context.stderr.write(`${question} [Y/n] `)
  try {
    return /^(y|yes)?$/i.test((await readLine(context)).trim())
  } finally {
    stdin.pause()
  }
}

function readLine({ stdin }: Context): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    const read = (chunk: Buffer): void => {
      for (const key of chunk.toString('utf8')) {
        if (key === '\u0003')
          return end(() =>
            reject(new FairleadError('not_now', { why: 'Interrupted; nothing has changed' })),
          )
        if (key === '\r' || key === '\n' || key === '\u0004') return end(() => resolve(text))
        text = key === '\u007f' || key === '\b' ? text.slice(0, -1) : text + key
      }
    }
    const end = (then: () => void): void => {
      stdin.off('data', read)
      then()
    }
    stdin.on('data', read)
    stdin.resume()
  })
}

/**
 * A value from a prompt or standard input. Programs such as `pass` and `echo` end a single line
 * with a newline that is not part of the value; several lines, such as a private key, keep it.
 */
export const withoutLineEnd = (text: string): string => text.replace(/^([^\n]*?)\r?\n$/, '$1')
