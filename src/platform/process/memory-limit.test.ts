import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import { createLimits, hasKilled, joinCgroup } from './memory-limit.ts'

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
