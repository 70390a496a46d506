import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { scriptOf } from './jobs.ts'

test('one word is a script, and several words stay the words that they are', () => {
  expect(scriptOf(['ls *.sql | wc -l'])).toBe('ls *.sql | wc -l')
  const words = ['a b', "it's", '$HOME', '*', '', '--x=1', 'ä\n"']
  const script = scriptOf(['printf', String.raw`%s\0`, ...words])
  const printed = execFileSync('/bin/sh', ['-c', script], { encoding: 'utf8' })
  expect(printed.split('\0').slice(0, -1)).toEqual(words)
})
