import type { Client } from '#contract/client.ts'
import type { LogLine } from '#contract/run/run.ts'
import { plainText } from './ansi.ts'

interface Attempt {
  run: number
  step: string
  attempt: number
}

const pageSize = 10_000

/** A line as text without colours, with its time in UTC where wanted. */
export const textOf = (line: Pick<LogLine, 'time' | 'text'>, hasTimes: boolean): string =>
  `${hasTimes ? `${new Date(line.time).toISOString()} ` : ''}${plainText(line.text)}\n`

/** Reads the whole log of an attempt, as far as it is written. */
async function readLog(client: Client, log: Attempt, hasTimes: boolean): Promise<string[]> {
  const { run, step, attempt } = log
  const parts: string[] = []
  for (let after = 0; ;) {
    const query = { after, limit: pageSize, attempt }
    const page = await client.getLog({ params: { run, step }, query })
    parts.push(...page.lines.map((line) => textOf(line, hasTimes)))
    if (page.complete || page.next <= after) return parts
    after = page.next
  }
}

/** Saves the log of an attempt as a text file. */
export async function downloadLog(client: Client, log: Attempt, hasTimes: boolean): Promise<void> {
  const parts = await readLog(client, log, hasTimes)
  const url = URL.createObjectURL(new Blob(parts, { type: 'text/plain;charset=utf-8' }))
  const link = document.createElement('a')
  link.href = url
  link.download = `run-${log.run}-${log.step}-${log.attempt}.log`
  link.click()
  URL.revokeObjectURL(url)
}
