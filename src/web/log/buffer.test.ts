import { expect, test } from 'vitest'
import type { LogLine, LogPage } from '#contract/run/run.ts'
import { chunkSize, createLogBuffer, type LogSource } from './buffer.ts'
import { nothingFound, searchLog } from './search.ts'

const line = (n: number): LogLine => ({ attempt: 1, n, time: n, stream: 'out', text: `line ${n}` })

/** A log in memory with missing lines and short pages. */
function logOf(options: { total: number; missing?: number[]; page?: number; complete: boolean }) {
  const reads: [number, number][] = []
  const streams: { onLine: (line: LogLine) => void; onEnd: () => void }[] = []
  const source: LogSource = {
    read: async (after, limit): Promise<LogPage> => {
      reads.push([after, limit])
      const last = Math.min(options.total, after + Math.min(limit, options.page ?? limit))
      const lines = []
      for (let n = after + 1; n <= last; n += 1)
        if (!options.missing?.includes(n)) lines.push(line(n))
      const next = lines.at(-1)?.n ?? after
      return {
        lines,
        next,
        total: options.total,
        attempt: 1,
        complete: options.complete && next >= options.total,
      }
    },
    follow: (_after, onLine, onEnd) => {
      streams.push({ onLine, onEnd })
      return () => undefined
    },
  }
  return { source, reads, streams }
}

test('reads only the chunks that are needed', async () => {
  const { source, reads } = logOf({ total: 120_000, complete: true })
  const buffer = createLogBuffer(source, (act) => act())
  await buffer.open()
  await buffer.ensure(60)
  expect(buffer.state()).toMatchObject({ total: 120_000, complete: true })
  expect(buffer.line(60_001)).toEqual(line(60_001))
  expect(buffer.line(50_000)).toBeUndefined()
  expect(reads.length).toBeLessThan(5)
})

test('continues over short pages, and reports lost lines', async () => {
  const { source } = logOf({ total: 1500, page: 70, missing: [1200, 1201], complete: true })
  const buffer = createLogBuffer(source, (act) => act())
  await buffer.open()
  await Promise.all([buffer.ensure(0), buffer.ensure(1)])
  expect(buffer.line(1199)).toEqual(line(1199))
  expect(buffer.line(1200)).toBe('missing')
  expect(buffer.line(1500)).toEqual(line(1500))
  expect(buffer.line(1501)).toBeUndefined()
})

test('adds streamed lines across chunks until the end', async () => {
  const { source, streams } = logOf({ total: chunkSize - 1, complete: false })
  const buffer = createLogBuffer(source, (act) => act())
  await buffer.open()
  for (const n of [chunkSize, chunkSize + 1, chunkSize + 3]) streams[0]?.onLine(line(n))
  expect(buffer.state()).toMatchObject({ total: chunkSize + 3, complete: false })
  expect(buffer.line(chunkSize + 1)).toEqual(line(chunkSize + 1))
  expect(buffer.line(chunkSize + 2)).toBe('missing')
  streams[0]?.onEnd()
  expect(buffer.state().complete).toBe(true)
})

test('searches the whole log and finds every match', async () => {
  const { source } = logOf({ total: 3456, complete: true })
  const buffer = createLogBuffer(source, (act) => act())
  await buffer.open()
  let found = nothingFound
  await searchLog(
    buffer,
    'line 3',
    nothingFound,
    (next) => (found = next),
    new AbortController().signal,
  )
  expect(found.searched).toBe(3456)
  expect(found.lines.length).toBe(1 + 10 + 100 + 457)
})
