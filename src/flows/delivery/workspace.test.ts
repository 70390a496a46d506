import { expect, test } from 'vitest'
import { targets } from '#domains/deployment/targets.generated.ts'
import { readPipelineFile } from '#domains/pipeline/file.ts'
import { pathsOf, placeInWorkspace } from './workspace.ts'

const workspace = {
  root: 'front',
  member: 'apps/web',
  packages: [{ folder: 'packages/ui', name: 'ui', hasBuild: false }],
}

function directoriesOf(text: string): (string | undefined)[] {
  const read = readPipelineFile(text, { file: 'fairlead.yaml', defaultApp: 'app', targets })
  if (!read.ok) throw new Error(JSON.stringify(read.problems))
  const placed = placeInWorkspace(read.pipeline, workspace)
  const { services } = placed.definition
  return [placed.workspace?.root, ...Object.values(services).map((one) => one.directory)]
}

test('the services of an app in a workspace run in the folder of the app', () => {
  const services = 'services: {web: node web.js, worker: {run: node worker.js, directory: jobs}}'
  expect(directoriesOf(services)).toEqual(['front', 'apps/web', 'apps/web/jobs'])
})

test('an artifact with stated files stays in the folder of the app', () => {
  const services = 'artifact: dist\nservices: {web: {static: dist}}'
  expect(directoriesOf(services)).toEqual([undefined, '.'])
})

test('the files at the root of the workspace and the needed packages change the app', () => {
  const files = ['README.md', 'front/yarn.lock', 'front/apps/api/a.js', 'front/packages/ui/b.js']
  const paths = ['front/apps/web', 'front/packages/ui', 'front/yarn.lock']
  expect(pathsOf(workspace, files)).toEqual(paths)
})
