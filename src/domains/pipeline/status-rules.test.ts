import { expect, test } from 'vitest'
import { targets } from '#domains/deployment/targets.generated.ts'
import { readPipelineFile } from './file.ts'

const services = 'services: {web: {run: x}}\nmonitors: {cards: {tcp: "cards.test:443"}}\n'
const read = (components: string) =>
  readPipelineFile(`${services}status: {group: Shop, components: ${components}}`, {
    ...{ file: 'fairlead.yaml', defaultApp: 'shop', targets },
  })

test('components are services, routes and monitors; a bare value is a name', () => {
  const found = read('{a: All of it, b: {route: /b, service: web}, c: {monitors: cards}}')
  expect(found.ok && found.pipeline.status.components).toEqual({
    a: { name: 'All of it', monitors: [] },
    b: { route: '/b', service: 'web', monitors: [] },
    c: { monitors: ['cards'] },
  })
})

test.each([
  ['{a: {service: api}}', /component `a` names the service `api`, which does not exist/],
  ['{a: {monitors: [card]}}', /component `a` names the monitor `card`, which does not exist/],
  ['{a: {route: checkout}}', /must be the start of a path, such as \/checkout/],
  ['{a: {route: /checkout/}}', /must not end with a slash/],
  [`{${Array.from({ length: 51 }, (_, i) => `a${i}: x`).join(', ')}}`, /there are 51 components/],
])('refuses %s', (components, problem) => {
  const found = read(components)
  expect(found.ok ? [] : found.problems).toMatchObject([
    { problem: expect.stringMatching(problem) },
  ])
})
