import { z } from 'zod'
import { listOf, shorthand, text } from '#contract/pipeline-file/shapes.ts'
import { defineMonitorKind, down, type Finding, up } from '../monitor-kind.ts'

export default defineMonitorKind({
  kind: 'log',
  title: 'The output of a service does not contain a text',
  settings: shorthand(
    'lacks',
    z.strictObject({
      lacks: listOf(text.min(1).max(500)).describe(
        'Texts that no line may contain; `*` stands for any characters',
      ),
      except: listOf(text.min(1).max(500))
        .prefault([])
        .describe('Lines with one of these texts do not count'),
      more: z
        .number()
        .int()
        .min(0)
        .default(0)
        .describe('How many such lines between two checks are tolerated'),
    }),
  ),
  example: { lacks: ['out of memory', 'payment * refused'], more: 3 },
  every: 10_000,
  failures: 1,
  onHost: async (settings, io) => judge(settings, io.newLines()),
})

/** What the lines since the last check say. Pure. */
export function judge(
  { lacks, except, more }: { lacks: string[]; except: string[]; more: number },
  lines: string[],
): Finding {
  const found = lines.filter(
    (line) =>
      lacks.some((pattern) => matches(line, pattern)) &&
      !except.some((pattern) => matches(line, pattern)),
  )
  if (found.length <= more) return up
  const count = found.length === 1 ? 'a line' : `${found.length} lines`
  return down(`${count} of its output matched: ${found[0]?.trim().slice(0, 200)}`)
}

/** Whether a line contains the parts of a pattern in their order, in linear time. */
export function matches(line: string, pattern: string): boolean {
  let at = 0
  for (const part of pattern.split('*')) {
    const found = line.indexOf(part, at)
    if (found === -1) return false
    at = found + part.length
  }
  return true
}
