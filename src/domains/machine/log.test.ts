import { expect, test } from 'vitest'
import { linePrefix } from './callback.ts'
import { logLines } from './log.ts'

const event = (more: object): string => linePrefix + JSON.stringify(more)
const result = (state: string, more: object = {}): string =>
  event({ e: 'result', host: 'web-1', task: 'Install', at: 'site.yml:3', state, ...more })

test('the log has each task, each machine, and what the task printed there', () => {
  expect(
    logLines([
      event({ e: 'play', name: 'all' }),
      event({ e: 'task', task: 'Install', at: 'site.yml:3' }),
      result('ok', { output: 'one\n\ntwo' }),
      result('changed', { object: 'apt nginx' }),
      result('skipped'),
      result('failed', { message: 'no space\nleft', output: 'no space\nleft', ignored: true }),
      result('unreachable', { message: 'refused' }),
      event({ e: 'stats', hosts: {} }),
      '[WARNING]: old',
    ]),
  ).toEqual([
    'Play: all',
    'Task: Install (site.yml:3)',
    'web-1: ok: Install',
    'web-1 | one',
    'web-1 | two',
    'web-1: changed: Install: apt nginx',
    'web-1: skipped: Install',
    'web-1: failed: Install: no space (ignored)',
    'web-1 | no space',
    'web-1 | left',
    'web-1: does not answer: Install: refused',
    '[WARNING]: old',
  ])
})
