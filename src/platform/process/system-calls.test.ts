import { describe, expect, test } from 'vitest'
import { type SystemCalls, systemCallFilter } from './system-calls.ts'

const audit = { x64: 0xc000003e, arm64: 0xc00000b7, i386: 0x40000003 }
const words: Record<number, string> = {
  0x7fff0000: 'allowed',
  0x00050001: 'EPERM',
  0x00050026: 'ENOSYS',
}

/** Executes a filter as the kernel does, with the instructions that ours use. */
function decide(filter: Buffer, machine: number, call: number, argument = 0): string | undefined {
  const data: Record<number, number> = { 0: call, 4: machine, 16: argument }
  let value = 0
  for (let pc = 0; pc < filter.length / 8; pc += 1) {
    const at = pc * 8
    const [code, k] = [filter.readUInt16LE(at), filter.readUInt32LE(at + 4)]
    if (code === 0x06) return words[k]
    if (code === 0x20) value = data[k] ?? Number.NaN
    else {
      const tests: Record<number, boolean> = {
        0x15: value === k,
        0x35: value >= k,
        0x45: (value & k) !== 0,
      }
      pc += filter.readUInt8(at + (tests[code] ? 2 : 3))
    }
  }
  return 'the end'
}

const filterOf = (arch: string, mode: SystemCalls = 'default'): Buffer =>
  systemCallFilter(arch, mode) ?? Buffer.alloc(0)

describe.each([
  ['x64', { keyctl: 250, mount: 165, unshare: 272, clone: 56, socket: 41, read: 0, ptrace: 101 }],
  [
    'arm64',
    { keyctl: 219, mount: 40, unshare: 97, clone: 220, socket: 198, read: 63, ptrace: 117 },
  ],
] as const)('on %s', (arch, call) => {
  test.each([
    ['keyctl', 0, 'EPERM', 'EPERM'],
    ['mount', 0, 'EPERM', 'allowed'],
    ['unshare', 0x10000000, 'EPERM', 'allowed'],
    ['unshare', 0x40000000, 'allowed', 'allowed'],
    ['clone', 0x10000011, 'EPERM', 'allowed'],
    ['clone', 0x01200011, 'allowed', 'allowed'],
    ['socket', 40, 'EPERM', 'EPERM'],
    ['socket', 2, 'allowed', 'allowed'],
    ['ptrace', 16, 'allowed', 'allowed'],
    ['read', 0, 'allowed', 'allowed'],
  ] as const)('%s with %i: %s, with namespaces %s', (name, argument, byDefault, withNamespaces) => {
    const answers = (['default', 'namespaces'] as const).map((mode) =>
      decide(filterOf(arch, mode), audit[arch], call[name], argument),
    )
    expect(answers).toEqual([byDefault, withNamespaces])
  })

  test('clone3 hides its flags, and other machines have other numbers', () => {
    const filter = filterOf(arch)
    expect(decide(filter, audit[arch], 435)).toBe('ENOSYS')
    expect(decide(filter, audit.i386, call.read)).toBe('ENOSYS')
    expect(decide(filter, audit[arch], 0x40000000 + call.read)).toBe('ENOSYS')
  })

  test('a filter has fewer instructions than the kernel accepts', () => {
    expect(filterOf(arch).length / 8).toBeLessThan(256)
  })
})

test('there is no filter for all system calls, or for an unknown machine', () => {
  expect(systemCallFilter('x64', 'all')).toBeNull()
  expect(systemCallFilter('riscv64', 'default')).toBeNull()
})
