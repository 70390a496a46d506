import { expect, test } from 'vitest'
import type { PipelineFile } from '#contract/pipeline-file/pipeline-file.ts'
import { targets } from '#domains/deployment/targets.generated.ts'
import { readPipelineFile } from '#domains/pipeline/file.ts'
import { environmentEvents } from './environment-events.ts'

function parse(environments: string): PipelineFile {
  const text = `steps: {test: 'true'}\nenvironments: {${environments}}`
  const read = readPipelineFile(text, { file: 'fairlead.yaml', defaultApp: 'shop', targets })
  if (!read.ok) throw new Error(JSON.stringify(read.problems))
  return read.pipeline
}
const plan = ({ environments }: PipelineFile) =>
  Object.entries(environments).map(([name, file], position) => ({
    ...{ app: 'shop', name, position, port: file.port ?? 4481, file },
    ...{ pullRequest: null, isInFile: true },
  }))
/** What a run emits whose environments were `before` and are `now`. */
const changes = (before: string, now: string) => {
  const old = parse(before)
  const next = plan(parse(now))
  const how = { app: 'shop', released: [], before: old, run: 7 }
  return environmentEvents({ ...how, known: plan(old), next }).map(({ type, subject, data }) => ({
    ...{ type: type.split('.').at(-1), subject, data },
  }))
}

test('emits the environments that are new', () => {
  const next = plan(parse('dev: {}, production: {port: 5000}'))
  const other = {
    ...{ app: 'desk', name: 'dev', position: 0, port: 4490 },
    ...{ pullRequest: null, isInFile: true },
  }
  const how = { app: 'shop', released: [], before: null, run: 7 }
  expect(environmentEvents({ ...how, known: [other], next })).toEqual([
    {
      type: 'dev.cdevents.environment.created',
      subject: 'environment/shop/dev',
      data: { port: 4481 },
    },
    {
      type: 'dev.cdevents.environment.created',
      subject: 'environment/shop/production',
      data: { port: 5000 },
    },
  ])
})

test.each([
  ['dev: {}', 'dev: {}', []],
  ['dev: {verify: npm test}', 'dev: {verify: npm test}', []],
  // A default that is written out is no change.
  ['dev: {}', 'dev: {strategy: blue-green}', []],
  ['dev: {}', 'dev: {verify: npm test, instances: 2}', ['verify', 'instances']],
  ['dev: {verify: npm test}', 'dev: {}', ['verify']],
  ['dev: {env: {A: b}}', 'dev: {env: {A: c}}', ['env']],
  ['dev: {}', 'dev: {port: 5000}', ['port']],
])('%s, then %s: changed %s', (before, now, changed) => {
  const data = { changed: expect.toSatisfy(sameMembers(changed)), run: 7 }
  const event = { type: 'modified', subject: 'environment/shop/dev', data }
  expect(changes(before, now)).toEqual(changed.length === 0 ? [] : [event])
})
const sameMembers = (wanted: string[]) => (have: string[]) =>
  JSON.stringify(have.toSorted()) === JSON.stringify(wanted.toSorted())

test('emits a change of the order', () => {
  expect(changes('dev: {}, production: {}', 'production: {}, dev: {}')).toEqual([
    {
      type: 'modified',
      subject: 'environment/shop/production',
      data: { changed: ['order'], run: 7 },
    },
    { type: 'modified', subject: 'environment/shop/dev', data: { changed: ['order'], run: 7 } },
  ])
})

test('emits once that an environment left the file, and that it is in it again', () => {
  const old = parse('dev: {}, production: {}')
  const now = parse('production: {}')
  const moved = (next: PipelineFile, known: Known, released: string[] = []) =>
    environmentEvents({
      ...{ app: 'shop', known, next: plan(next), released, before: null, run: 7 },
    }).flatMap(({ subject, data }) => ('changed' in data ? [[subject, ...data.changed]] : []))
  type Known = Parameters<typeof environmentEvents>[0]['known']
  const [dev, production] = plan(old)
  if (!dev || !production) throw new Error('two environments were planned')
  const first = { ...production, position: 0 }
  const left = { ...dev, isInFile: false, port: null }
  expect(moved(now, [dev, first], ['dev'])).toEqual([
    ['environment/shop/dev', 'removed from fairlead.yaml', 'port'],
  ])
  expect(moved(now, [left, first])).toEqual([])
  const preview = { ...dev, name: 'pr-1', pullRequest: 1 }
  expect(moved(now, [preview, first])).toEqual([])
  expect(moved(old, [left, production])).toEqual([
    ['environment/shop/dev', 'added to fairlead.yaml again', 'port'],
  ])
})
