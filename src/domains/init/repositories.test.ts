import { describe, expect, test } from 'vitest'
import { targets } from '#domains/deployment/targets.generated.ts'
import { readPipelineFile } from '#domains/pipeline/file.ts'
import { proposeFor } from './combine.ts'
import { folderOf, inside } from './folder.ts'
import { render } from './render.ts'
import { nodeRepositories } from '../../../test/support/repositories/node.ts'
import { otherRepositories } from '../../../test/support/repositories/others.ts'

const repositories = { ...nodeRepositories, ...otherRepositories }

describe.each(Object.entries(repositories))('%s', (_name, row) => {
  test('gets the steps, services, health check and artifact that fit it', () => {
    const repository = folderOf(row.files)
    const folder = row.at === undefined ? repository : inside(repository, row.at)
    const text = render(proposeFor(folder))
    const result = readPipelineFile(text, { file: 'fairlead.yaml', defaultApp: 'app', targets })
    if (!result.ok) throw new Error(`${JSON.stringify(result.problems)}\n${text}`)
    const { steps, services, artifact } = result.pipeline
    expect(Object.keys(steps).join(' ')).toBe(row.steps)
    for (const [name, command] of Object.entries(row.runs ?? {}))
      expect(steps[name]?.run).toBe(command)
    expect(
      Object.fromEntries(
        Object.entries(services).map(([name, one]) => [name, one.run ?? `static ${one.static}`]),
      ),
    ).toEqual(row.services ?? {})
    expect(Object.values(services).find(({ health }) => health)?.health?.path).toBe(row.health)
    expect(artifact.include).toEqual(row.include ?? ['.'])
    for (const [i, one] of Object.values(services).entries()) {
      const isListener =
        one.port ?? (i === 0 || one.health !== undefined || one.static !== undefined)
      if (one.run?.includes('$PORT')) expect(isListener).toBe(true)
    }
  })
})

test('covers at least 60 repositories', () => {
  expect(Object.keys(repositories).length).toBeGreaterThanOrEqual(60)
})
