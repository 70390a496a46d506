import { expect, test } from 'vitest'
import { serviceFile } from '#contract/pipeline-file/service-file.ts'
import { sharedPortProblems } from './exclusive-spec.ts'

test('a port that a variable gives to two environments on one machine is a problem', () => {
  const services = {
    db: serviceFile.parse({ run: 'a', keeps: true, port: '$DB_PORT' }),
    cache: serviceFile.parse({ run: 'b', keeps: true, port: '$CACHE_PORT' }),
  }
  const problemsWith = (own: Record<string, string>, others: Record<string, string>) =>
    sharedPortProblems(services, () => own, [{ environment: 'staging', valuesOf: () => others }])
  const own = { DB_PORT: '6380', CACHE_PORT: '6381' }
  expect(problemsWith(own, { DB_PORT: '6390', CACHE_PORT: '6391' })).toEqual([])
  expect(problemsWith(own, {})).toEqual([])
  expect(problemsWith({}, {})).toEqual([])
  const problem = 'must be another port than 6381, which staging uses on the same machine'
  expect(problemsWith(own, { DB_PORT: '6381' })).toEqual([{ name: 'CACHE_PORT', problem }])
})
