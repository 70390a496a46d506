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
