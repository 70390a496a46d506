import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createLimits, hasKilled, joinCgroup, limitedMemory } from './memory-limit.ts'

test('a limit is exceeded when the kernel killed a process', () => {
  const events = 'low 0\nhigh 0\nmax 12\noom 1\noom_kill 1\noom_group_kill 0\n'
  expect(hasKilled(events)).toBe(true)
  expect(hasKilled(events.replace('oom_kill 1', 'oom_kill 0'))).toBe(false)
  expect(hasKilled('')).toBe(false)
})

test('a command without a cgroup needs no helper to join it', () => {
  expect(joinCgroup(null)).toEqual([])
  expect(joinCgroup('/sys/fs/cgroup/x').at(-1)).toBe('/sys/fs/cgroup/x')
})

test('the kernel kills a command with its children, or the reason why it cannot is stated', () => {
  const limits = createLimits(`test-${process.pid}`)
  const bound = limits.bound('run 1/build', 100 * 1_048_576)
  // Most machines whose controllers are in cgroup v1, and most containers.
  if ('problem' in bound)
    return expect(bound.problem).toMatch(/^memory is not limited to 100 MB: this machine lets/)
  const eat = 'const all = []; for (;;) all.push(Buffer.alloc(1048576, 1))'
  const command = ['/bin/sh', '-c', '"$0" -e "$1"; echo survived', process.execPath, eat]
  const [program = '', ...args] = [...joinCgroup(bound.folder), ...command]
  const { signal, stdout } = spawnSync(program, args, { encoding: 'utf8' })
  expect([signal, stdout, limits.isExceeded('run 1/build')]).toEqual(['SIGKILL', '', true])
  limits.release('run 1/build')
  expect(existsSync(bound.folder)).toBe(false)
})

test('the memory that counts against a limit is read without the content of files', () => {
  const root = mkdtempSync(join(tmpdir(), 'fairlead-cgroup-'))
  const group = 'sys/fs/cgroup/fairlead-1/web.0'
  const write = (path: string, text: string): void => {
    mkdirSync(join(root, path, '..'), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  write('proc/self/mountinfo', '31 24 0:27 / /sys/fs/cgroup rw shared:9 - cgroup2 cgroup2 rw\n')
  write('proc/self/cgroup', '0::/fairlead\n')
  write('proc/7/cgroup', '0::/fairlead-1/web.0\n')
  write('proc/8/cgroup', '0::/fairlead\n')
  write(`${group}/memory.max`, '536870912\n')
  write(`${group}/memory.current`, '300000000\n')
  write(`${group}/memory.stat`, 'anon 9\ninactive_file 50000000\nactive_file 40000000\nslab 1\n')
  expect(limitedMemory(7, root)).toEqual({ used: 210_000_000, limit: 536_870_912 })
  write(`${group}/memory.max`, 'max\n')
  // No limit, a process in the group of the host itself, and one that has ended.
  expect([7, 8, 9].map((pid) => limitedMemory(pid, root))).toEqual([null, null, null])
  rmSync(root, { recursive: true })
})
