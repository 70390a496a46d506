import { expect, test } from 'vitest'
import { hasKilled, joinCgroup } from './memory-limit.ts'

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
