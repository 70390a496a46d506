import { expect, test } from 'vitest'
import { targets } from '#domains/deployment/targets.generated.ts'
import { readPipelineFile } from './file.ts'

const reservedPorts = [{ port: 4400, owner: 'the API and the console of Fairlead' }]

test('a port of Fairlead is refused at its place in the file', () => {
  const text = 'environments:\n  dev: {}\n  production: { port: 4400 }\n'
  const options = { file: 'fairlead.yaml', defaultApp: 'shop', targets }
  expect(readPipelineFile(text, options).ok).toBe(true)
  expect(readPipelineFile(text, { ...options, reservedPorts })).toMatchObject({
    problems: [
      {
        ...{ line: 3, column: 23 },
        problem:
          'environment `production` uses port 4400, which belongs to ' +
          'the API and the console of Fairlead',
        hint: 'use another port, or none',
      },
    ],
  })
})

test('one fixed port for several environments on one machine is refused', () => {
  const problemOf = (port: string, environments: string): string[] => {
    const services = `{main: {run: a}, db: {run: b, keeps: true, port: ${port}}}`
    const text = `services: ${services}\n${environments}`
    const read = readPipelineFile(text, { file: 'fairlead.yaml', defaultApp: 'shop', targets })
    return read.ok ? [] : read.problems.map(({ problem, hint }) => `${problem}; ${hint}`)
  }
  const two = (first: string, second: string): string =>
    `environments: {staging: {target: {kind: process${first}}},` +
    `production: {target: {kind: process${second}}}}`
  const hint = 'write `port: $DB_PORT`, and set DB_PORT in the `env` of each environment'
  expect(problemOf('6380', two('', ''))).toEqual([
    'service `db` would listen on port 6380 in `staging` and `production`, on the same machine; ' +
      hint,
  ])
  expect(problemOf('6380', '')[0]).toContain('`dev`, `staging` and `production`')
  expect(problemOf('6380', 'nothing: {}').join(' ')).toContain('`dev`, `staging` and `production`')
  expect(problemOf('6380', two('', ', host: web-1'))).toEqual([])
  expect(problemOf('6380', two(', host: web-1', ', host: web-1'))).toHaveLength(1)
  expect(problemOf('$DB_PORT', two('', ''))).toEqual([])
  expect(problemOf('6380', 'environments: {production: {}}')).toEqual([])
  expect(
    problemOf('6380}, other: {run: c, single: true, port: 6380', 'environments: {production: {}}'),
  ).toEqual(['services `db` and `other` both listen on port 6380; use another port'])
})
