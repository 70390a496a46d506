import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { FairleadError } from '#contract/errors.ts'
import { LeadsOut } from '#platform/file/inside.ts'
import { compilePatterns } from '#platform/file/pattern.ts'
import { ContentProblem, OciError } from '#platform/oci/layout.ts'
import { isFinal } from './final-error.ts'

const thrownBy = (work: () => unknown): unknown => {
  try {
    work()
  } catch (error) {
    return error
  }
  throw new Error('it threw nothing')
}
const missingSocket = await new Promise<Error>((resolve) =>
  connect('/nonexistent/socket').once('error', resolve),
)
const withCode = (code: string, syscall: string): Error =>
  Object.assign(new Error(code), { code, syscall })

test.each([
  ['a missing file', thrownBy(() => readFileSync('/nonexistent')), true],
  ['a folder instead of a file', thrownBy(() => readFileSync('/')), false],
  ['a path through a file', withCode('ENOTDIR', 'open'), true],
  ['a link to itself', withCode('ELOOP', 'realpath'), true],
  [
    'a pattern with too many alternatives',
    thrownBy(() => compilePatterns(['{a,b}'.repeat(9)])),
    true,
  ],
  ['invalid data', thrownBy(() => z.string().parse(1)), true],
  ['files that cannot be an artifact', new ContentProblem('no such path'), true],
  ['a link that leads out', new LeadsOut('a leads out'), true],
  ['an unknown commit', new FairleadError('not_found', { kind: 'commit', id: 'a' }), true],
  ['invalid input', new FairleadError('invalid_input', { field: 'a', problem: 'b' }), true],
  ['a target that does not answer', new FairleadError('unavailable', { what: 'a' }), false],
  ['a state that can change', new FairleadError('not_now', { why: 'a' }), false],
  ['a repository that may be back', new FairleadError('repository', { repository: 'a' }), false],
  ['a damaged image', new OciError('it is damaged'), false],
  ['a socket without its server', missingSocket, false],
  ['a full disk', withCode('ENOSPC', 'open'), false],
  ['too many open files', withCode('EMFILE', 'open'), false],
  ['an unknown error', new Error('something'), false],
  ['no error', null, false],
])('%s', (_what, error, expected) => expect(isFinal(error)).toBe(expected))
