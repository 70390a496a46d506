import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bandPacket, flushPacket, packet, readAnswer, readCommands } from './packet.ts'

const band = (number: number, text: string): Buffer =>
  packet(Buffer.concat([Buffer.from([number]), Buffer.from(text)]))

test('progress passes and the answer is held back, however the stream is split', () => {
  const texts = fc.array(fc.string({ minLength: 1, maxLength: 30 }), { maxLength: 5 })
  const cuts = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 20 })
  fc.assert(
    fc.property(texts, texts, cuts, (progress, answers, sizes) => {
      const before = Buffer.concat(progress.map((text) => band(2, text)))
      const after = Buffer.concat([...answers.map((text) => band(1, text)), flushPacket])
      const whole = Buffer.concat([before, after])
      const reader = readAnswer()
      const passed: Buffer[] = []
      for (let at = 0, i = 0; at < whole.length; i += 1) {
        const size = sizes[i % sizes.length] ?? 1
        passed.push(Buffer.from(reader.read(whole.subarray(at, at + size))))
        at += size
      }
      expect(Buffer.concat([...passed, reader.rest()]).equals(whole)).toBe(true)
      if (progress.length > 0) expect(Buffer.concat(passed).equals(before)).toBe(true)
    }),
  )
})

test('the commands of a push are read, however the stream is split', () => {
  const [one, two, none] = ['a'.repeat(40), 'b'.repeat(40), '0'.repeat(40)]
  const whole = Buffer.concat([
    packet(`shallow ${one}\n`),
    packet(`${one} ${two} refs/heads/main\0report-status side-band-64k`),
    packet(`${two} ${none} refs/heads/old`),
    flushPacket,
    Buffer.from(`PACK${`0067${none} ${one} refs/heads/forged`.padEnd(200, 'x')}`),
  ])
  for (const size of [1, 3, 50, 1000]) {
    const commands = readCommands()
    for (let at = 0; at < whole.length; at += size) commands.read(whole.subarray(at, at + size))
    expect(commands.list()).toEqual([
      { ref: 'refs/heads/main', sha: two },
      { ref: 'refs/heads/old', sha: null },
    ])
  }
  const endless = readCommands()
  for (let i = 0; i < 100; i += 1) endless.read(Buffer.alloc(65_536, 'f'))
  expect(endless.list()).toEqual([])
})

test('without side bands everything is held back', () => {
  const reader = readAnswer()
  const answer = Buffer.concat([packet('unpack ok\n'), packet('ok refs/heads/main\n'), flushPacket])
  expect(reader.read(answer)).toHaveLength(0)
  expect(reader.hasBands()).toBe(false)
  expect(reader.rest()).toEqual(answer)
})

test('a line can neither leave its packet nor control the terminal', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 3000 }), (text) => {
      const bytes = bandPacket('progress', text)
      expect(Number.parseInt(bytes.toString('latin1', 0, 4), 16)).toBe(bytes.length)
      expect(bytes.subarray(5, -1).toString()).not.toMatch(/[\0-\x08\n\r\x1b]/)
    }),
  )
})
