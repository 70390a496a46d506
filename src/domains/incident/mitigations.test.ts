import { expect, test } from 'vitest'
import type { ChangeKind } from '#contract/incident/incident.ts'
import { listMitigations, type MitigationFacts } from './mitigations.ts'

const facts: MitigationFacts = {
  ...{ app: 'shop', environment: 'production', service: null, suspect: null, hasFormer: true },
  switches: [{ name: 'recharge', description: 'Charges cards' }],
  ...{ services: ['web', 'api'], live: 7 },
  canClose: true,
  scales: [{ service: 'web', instances: 1, declared: 3 }],
  hosts: [{ name: 'web-1', others: ['web-2', 'web-3'], more: 1 }],
}
const suspect = (kind: ChangeKind, ref = '7', app: string | null = 'shop') => ({ kind, ref, app })
const proposedFor = (more: Partial<MitigationFacts>): string[] =>
  listMitigations({ ...facts, ...more }).flatMap(({ isProposed, kind, name }) =>
    isProposed ? [[kind, name].filter(Boolean).join(' ')] : [],
  )

test('each mitigation says what it does, and without a suspect none is proposed', () => {
  expect(listMitigations(facts).map(({ text }) => text)).toEqual([
    'returns production to the release before, with the configuration that it had',
    'turns the switch recharge off for everybody: Charges cards',
    'rehearses web, and restarts it only if the rehearsal shows that it would come back',
    'rehearses api, and restarts it only if the rehearsal shows that it would come back',
    'runs another number of instances of web without a new release, now 1 instead of 3',
    'takes the host web-1 out of production and 1 more environment: clients that are connected ' +
      'are answered, then its services stop; web-2, web-3 go on',
    'answers every request to production with the maintenance page; its services run on',
  ])
  const closed = listMitigations({ ...facts, canClose: false })
  expect(closed.map(({ kind }) => kind)).not.toContain('maintenance')
  expect(proposedFor({})).toEqual([])
})

test('proposed is what undoes the first suspect', () => {
  expect(proposedFor({ suspect: suspect('delivery') })).toEqual(['rollback'])
  expect(proposedFor({ suspect: suspect('configuration') })).toEqual(['rollback'])
  expect(proposedFor({ suspect: suspect('switch', 'recharge') })).toEqual(['switch recharge'])
  expect(proposedFor({ suspect: suspect('scale', 'web') })).toEqual(['scale web'])
  const machine = suspect('machine', '3', null)
  expect(proposedFor({ suspect: machine, service: 'api' })).toEqual(['restart api'])
  const mine = listMitigations({ ...facts, suspect: suspect('switch', 'recharge') })
  expect(mine[0]).toMatchObject({ kind: 'switch', isProposed: true })
})

test('nothing is proposed for what no mitigation undoes', () => {
  expect(proposedFor({ suspect: suspect('delivery'), hasFormer: false })).toEqual([])
  expect(proposedFor({ suspect: suspect('delivery', '7', 'bank') })).toEqual([])
  // A later deployment is live: its rollback would return to the suspect.
  expect(proposedFor({ suspect: suspect('delivery', '6') })).toEqual([])
  expect(proposedFor({ suspect: suspect('switch', 'mails') })).toEqual([])
  expect(proposedFor({ suspect: suspect('rollback') })).toEqual([])
  expect(proposedFor({ suspect: suspect('job') })).toEqual([])
})
