import { expect, test } from 'vitest'
import { createLogger } from './log.ts'

const now = (): number => new Date(2026, 0, 2, 3, 4, 5).getTime()

function written(isText: boolean, use: (log: ReturnType<typeof createLogger>) => void): string[] {
  const lines: string[] = []
  use(createLogger((line) => lines.push(line), { isText, now }))
  return lines
}

test('a log file has one JSON document per line', () => {
  const [line] = written(false, (log) => log.warn('a job is late', { job: 'poll', seconds: 3 }))
  expect(line).toMatch(/\n$/)
  expect(JSON.parse(line!)).toEqual({
    time: new Date(now()).toISOString(),
    level: 'warn',
    message: 'a job is late',
    job: 'poll',
    seconds: 3,
  })
})

test('a terminal has sentences', () => {
  expect(
    written(true, (log) => {
      log.info('the console is built')
      log.warn('a job is late', { job: 'poll', seconds: 3, why: null })
      log.error('a job failed', { reason: { code: 7 } })
    }),
  ).toEqual([
    '03:04:05 the console is built\n',
    '03:04:05 warning: a job is late (job: poll, seconds: 3)\n',
    '03:04:05 error: a job failed (reason: {"code":7})\n',
  ])
})
