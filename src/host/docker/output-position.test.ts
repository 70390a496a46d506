import fc from 'fast-check'
import { expect, test } from 'vitest'
import { nanoseconds, OutputFrames, type Piece, sinceOf } from './output-frames.ts'
import { OutputPosition } from './output-position.ts'

const second = 1_000_000_000n
/** Pieces as the Engine keeps them: in order, several of one time. */
const pieces = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 2 }), fc.string({ minLength: 1 })), { maxLength: 40 })
  .map((all) => {
    let at = 1_700_000_000n * second
    return all.map(([step, text]): Piece => {
      at += BigInt(step) * second
      return { at, text: Buffer.from(`${text}\n`) }
    })
  })

test('hosts that die at any piece write every piece once', () => {
  fc.assert(
    fc.property(
      pieces,
      fc.array(fc.tuple(fc.nat(20), fc.boolean(), fc.boolean()), { maxLength: 6 }),
      (all, lives) => {
        let log = ''
        let saved = { since: '0', taken: 0, size: 0 }
        for (const [count, isMarked, isSaved] of [...lives, [all.length, true, true] as const]) {
          const written = Buffer.byteLength(log) - saved.size
          const position = new OutputPosition(saved, written)
          const sent = all.filter(({ at }) => at >= position.since).slice(0, count)
          for (const [index, piece] of sent.entries()) {
            log += position.take(piece).toString()
            if (!isMarked || index % 3 !== 0) continue
            const mark = position.mark()
            // A host saves only when it has caught up with what the log has.
            if (isSaved && !position.isBehind) saved = { ...mark, size: Buffer.byteLength(log) }
          }
        }
        expect(log).toBe(all.map(({ text }) => text.toString()).join(''))
      },
    ),
  )
})

test('frames are read however they are cut', () => {
  const frame = (text: string): Buffer => {
    const head = Buffer.alloc(8)
    head.writeUInt32BE(Buffer.byteLength(text), 4)
    return Buffer.concat([head, Buffer.from(text)])
  }
  const all = Buffer.concat([
    frame('2026-11-30T06:00:00.5Z first é\n'),
    frame('2026-11-30T06:00:00.000000001Z second\n'),
  ])
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 50 }), (size) => {
      const frames = new OutputFrames()
      const found: Piece[] = []
      for (let at = 0; at < all.length; at += size)
        found.push(...frames.push(all.subarray(at, at + size)))
      expect(found.map(({ text }) => text.toString())).toEqual(['first é\n', 'second\n'])
      expect(found.map(({ at }) => sinceOf(at))).toEqual([
        '1796018400.500000000',
        '1796018400.000000001',
      ])
    }),
  )
})

test('a time keeps its nanoseconds', () => {
  expect(nanoseconds('1970-01-01T01:00:00.000000002+01:00')).toBe(2n)
  expect(nanoseconds('yesterday')).toBe(0n)
})
