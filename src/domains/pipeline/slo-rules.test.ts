import { expect, test } from 'vitest'
import { targets } from '#domains/deployment/targets.generated.ts'
import { readPipelineFile } from './file.ts'

const read = (text: string) =>
  readPipelineFile(text, { file: 'fairlead.yaml', defaultApp: 'shop', targets })
const problemsOf = (text: string): string[] => {
  const found = read(text)
  return found.ok ? [] : found.problems.map(({ problem }) => problem)
}

test('an objective is a percentage, or a latency', () => {
  const found = read(`
slo:
  up: 99.9
  fast:
    latency: { below: 300ms, of: 99.5% }
    window: 28d
`)
  expect(found.ok && found.pipeline.slo).toMatchObject({
    up: { availability: 0.999, window: 30 * 86_400_000, environments: [] },
    fast: { latency: { below: 300, of: 0.995 }, window: 28 * 86_400_000 },
  })
})

test.each([
  ['slo: {up: 100}', /must be a percentage from 50 to 99.999/],
  ['slo: {up: fast}', /must be a percentage/],
  ['slo: {up: {}}', /must have either `availability` or `latency`/],
  ['slo: {up: {availability: 99, window: 1d}}', /must be at least 3d/],
  ['slo: {up: {availability: 99, service: web}}', /the service `web`, which does not exist/],
  ['slo: {up: {availability: 99, environments: live}}', /the environment `live`, which does not/],
  ['monitors: {up: {tcp: "db:1"}}\nslo: {up: 99}', /has the name of a monitor/],
])('refuses %s', (text, problem) => {
  expect(problemsOf(text)).toEqual([expect.stringMatching(problem)])
})
