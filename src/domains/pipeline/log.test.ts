import {
  appendFileSync,
  mkdtempSync,
  openSync,
  closeSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { formatLine, type StoredLine } from '#platform/process/step-log.ts'
import { followLog, readLog, tailLog } from './log.ts'

const root = mkdtempSync(join(tmpdir(), 'log-'))
let count = 0
let file = ''
beforeEach(() => {
  count += 1
  file = join(root, `${count}.jsonl`)
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

const line = (n: number, text = `line ${n}`): string =>
  formatLine({ n, time: 1000 + n, stream: 'out', text })
const range = (from: number, to: number): number[] =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i)
const write = (numbers: number[], tail = ''): void =>
  writeFileSync(file, numbers.map((n) => line(n)).join('') + tail)
const numbers = (lines: StoredLine[]): number[] => lines.map(({ n }) => n)

describe('a page', () => {
  test('of a log that does not exist has no lines', async () => {
    expect(await readLog(file, { after: 0, limit: 10 })).toEqual({
      lines: [],
      total: 0,
      missing: [],
      torn: false,
    })
    writeFileSync(file, '')
    expect(await readLog(file, { after: 5, limit: 10 })).toEqual({
      lines: [],
      total: 0,
      missing: [],
      torn: false,
    })
    expect(await tailLog(file, 5)).toEqual([])
  })

  test('contains the lines after a number, for any page of any log', async () => {
    const texts = fc.array(
      fc.oneof(
        fc.string({ unit: 'grapheme' }),
        fc.integer({ min: 60_000, max: 400_000 }).map((length) => '\u0001é'.repeat(length / 8)),
      ),
      { maxLength: 12 },
    )
    await fc.assert(
      fc.asyncProperty(
        texts,
        fc.nat({ max: 14 }),
        fc.integer({ min: 1, max: 14 }),
        fc.boolean(),
        async (all, after, limit, isTorn) => {
          writeFileSync(
            file,
            all.map((text, i) => line(i + 1, text)).join('') + (isTorn ? '{"n":99,"ti' : ''),
          )
          const page = await readLog(file, { after, limit })
          expect(page.lines.map(({ text }) => text)).toEqual(all.slice(after, after + limit))
          expect(page).toMatchObject({ total: all.length, missing: [], torn: isTorn })
          expect((await tailLog(file, limit)).map(({ text }) => text)).toEqual(all.slice(-limit))
        },
      ),
      { numRuns: 60 },
    )
  })

  test('reports missing numbers and skips a damaged line', async () => {
    write([1, 2, 5, 6, 9])
    expect(await readLog(file, { after: 0, limit: 10 })).toMatchObject({
      missing: [
        { from: 3, to: 4 },
        { from: 7, to: 8 },
      ],
      total: 9,
    })
    expect(await readLog(file, { after: 6, limit: 10 })).toMatchObject({
      missing: [{ from: 7, to: 8 }],
    })
    writeFileSync(file, `${line(1)}\u0000\u0000garbage\n${line(3)}`)
    const page = await readLog(file, { after: 0, limit: 10 })
    expect(numbers(page.lines)).toEqual([1, 3])
    expect(page.missing).toEqual([{ from: 2, to: 2 }])
  })

  test('far into a long log reads little of it', async () => {
    const megabytes = Number(process.env['LOG_MEGABYTES'] ?? 12)
    const each = line(1_000_000, 'x'.repeat(70)).length
    const total = Math.round((megabytes * 1024 * 1024) / each)
    const fd = openSync(file, 'w')
    for (let n = 1; n <= total; n += 5000)
      writeSync(
        fd,
        range(n, Math.min(total, n + 4999))
          .map((each) => line(each, 'x'.repeat(70)))
          .join(''),
      )
    closeSync(fd)
    const before = process.memoryUsage().rss
    const begin = performance.now()
    for (const after of [0, 1, total >> 1, total - 10, total - 1, total, total + 5]) {
      const page = await readLog(file, { after, limit: 100 })
      expect(numbers(page.lines)).toEqual(range(after + 1, Math.min(total, after + 100)))
      expect(page.total).toBe(total)
    }
    console.log(
      `${megabytes} MB, ${total} lines: 7 pages in ${(performance.now() - begin).toFixed(1)} ms`,
    )
    expect(process.memoryUsage().rss - before).toBeLessThan(60_000_000)
  })

  test('has fewer lines when they are long', async () => {
    writeFileSync(
      file,
      range(1, 200)
        .map((n) => line(n, 'y'.repeat(60_000)))
        .join(''),
    )
    const page = await readLog(file, { after: 0, limit: 1000 })
    expect(page.lines.length).toBeGreaterThan(50)
    expect(page.lines.length).toBeLessThan(100)
    expect(page.total).toBe(200)
  })
})

describe('following', () => {
  test('yields an open line again when it grows, and a page contains it once', async () => {
    const piece = (n: number, text: string, end: string): string =>
      `{"n":${n},"time":1,"stream":"out","text":"${text}"${end}}\n`
    writeFileSync(file, line(1) + piece(2, 'a', ',"open":true'))
    const seen: string[] = []
    let isComplete = false
    const options = { after: 1, isComplete: async () => isComplete }
    for await (const each of followLog(file, options, new AbortController().signal)) {
      seen.push(each.text)
      if (seen.length === 1) appendFileSync(file, piece(2, 'b', ',"open":true'))
      if (seen.length === 2) appendFileSync(file, piece(2, 'c', '') + line(3, 'd'))
      isComplete = seen.length >= 4
    }
    expect(seen).toEqual(['a', 'ab', 'abc', 'd'])
    const page = await readLog(file, { after: 0, limit: 2 })
    expect(page).toMatchObject({ total: 3, missing: [], lines: [{ n: 1 }, { n: 2, text: 'abc' }] })
    expect((await tailLog(file, 2)).map(({ text }) => text)).toEqual(['abc', 'd'])
  })

  test('yields each line once, from before the file exists until it is complete', async () => {
    let isComplete = false
    const seen: number[] = []
    const reading = (async () => {
      for await (const each of followLog(
        file,
        { after: 3, isComplete: async () => isComplete },
        new AbortController().signal,
      ))
        seen.push(each.n)
    })()
    await new Promise((later) => setTimeout(later, 20))
    write([1, 2, 3, 4])
    for (const n of range(5, 60)) {
      const text = line(n)
      appendFileSync(file, text.slice(0, 9)) // a torn line is not shown until it is whole
      await new Promise((later) => setTimeout(later, 1))
      appendFileSync(file, text.slice(9))
    }
    isComplete = true
    await reading
    expect(seen).toEqual(range(4, 60))
  })

  test('omits an incomplete line that the next writer cut off', async () => {
    write([1, 2], '{"n":3,"time":7,"str')
    let isComplete = false
    const seen: StoredLine[] = []
    const reading = (async () => {
      for await (const each of followLog(
        file,
        { after: 0, isComplete: async () => isComplete },
        new AbortController().signal,
      ))
        seen.push(each)
    })()
    await new Promise((later) => setTimeout(later, 30))
    truncateSync(file, (line(1) + line(2)).length)
    appendFileSync(file, line(3, 'whole'))
    isComplete = true
    await reading
    expect(seen.map(({ text }) => text)).toEqual(['line 1', 'line 2', 'whole'])
  })

  test('ends immediately for a complete log, after the last line was read', async () => {
    write(range(1, 3000))
    const all = await Promise.all(
      range(1, 50).map(async (i) => {
        let asked = false
        const isComplete = async (): Promise<boolean> => {
          if (i === 1 && !asked) appendFileSync(file, line(3001))
          asked = true
          return true
        }
        const seen: number[] = []
        for await (const { n } of followLog(
          file,
          { after: i * 10, isComplete },
          new AbortController().signal,
        ))
          seen.push(n)
        return seen.length
      }),
    )
    expect(all[0]).toBe(3000 - 10 + 1)
    expect(all.at(-1)).toBeGreaterThanOrEqual(2500)
  })

  test('ends when its signal is aborted', async () => {
    write([1])
    const stop = new AbortController()
    const seen: number[] = []
    const reading = (async () => {
      for await (const each of followLog(
        file,
        { after: 0, isComplete: async () => false },
        stop.signal,
      )) {
        seen.push(each.n)
        setTimeout(() => stop.abort(), 10)
      }
    })()
    await reading
    expect(seen).toEqual([1])
  })

  test('needs little memory for a slow reader', async () => {
    writeFileSync(file, '')
    for (let i = 0; i < 20; i += 1)
      appendFileSync(
        file,
        range(i * 10_000 + 1, (i + 1) * 10_000)
          .map((n) => line(n, 'z'.repeat(80)))
          .join(''),
      )
    const before = process.memoryUsage().rss
    const lines = followLog(
      file,
      { after: 0, isComplete: async () => false },
      new AbortController().signal,
    )
    for (let i = 0; i < 100; i += 1) await lines.next()
    expect(process.memoryUsage().rss - before).toBeLessThan(15_000_000)
    await lines.return()
  })
})
