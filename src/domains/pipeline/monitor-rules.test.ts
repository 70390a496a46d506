import { expect, test } from 'vitest'
import { targets } from '#domains/deployment/targets.generated.ts'
import { readPipelineFile } from './file.ts'

const problemsOf = (monitor: string): string[] => {
  const text = `services: {web: {run: x}}\nmonitors: {one: {from: every-host, ${monitor}}}`
  const found = readPipelineFile(text, { file: 'fairlead.yaml', defaultApp: 'shop', targets })
  return found.ok ? [] : found.problems.map(({ problem, hint }) => `${problem}; ${hint}`)
}

test.each([
  'tcp: "db.test:5432"',
  'tls: shop.test',
  'dns: shop.test',
  'http: "https://shop.test/checkout"',
])('other hosts check %s', (monitor) => {
  expect(problemsOf(monitor)).toEqual([])
})

test.each([
  ['command: ./check.sh', /only dependency, dns, http, tcp, tls can have it/],
  ['heartbeat: 1h', /monitor `one` of the kind `heartbeat` has `from`/],
  ['http: /checkout', /use its public address/],
  ['http: {url: "https://x.test", headers: {authorization: "${KEY}"}}', /knows the variables/],
])('other hosts cannot check %s', (monitor, problem) => {
  expect(problemsOf(monitor)).toEqual([expect.stringMatching(problem)])
})
