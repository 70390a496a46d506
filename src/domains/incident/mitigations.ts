import type { ChangeKind, Mitigation } from '#contract/incident/incident.ts'
import { counted } from '#contract/text.ts'

export interface MitigationFacts {
  environment: string
  /** null when the incident is about the whole environment */
  service: string | null
  /** the most likely cause */
  suspect: { kind: ChangeKind; ref: string; app: string | null } | null
  app: string
  /** the deployment that is live */
  live: number
  /** whether the environment can return to an earlier release */
  hasFormer: boolean
  /** the boolean switches of the live release that are on */
  switches: { name: string; description: string }[]
  /** whether the environment can show the maintenance page, and does not */
  canClose: boolean
  /** the services of the live release */
  services: string[]
  /** those whose number of instances can be changed, now and in fairlead.yaml */
  scales: { service: string; instances: number; declared: number }[]
  /** the hosts that can be drained */
  hosts: DrainableHost[]
}

/** One of several hosts of an environment, while the others serve what it serves. */
export interface DrainableHost {
  name: string
  /** those of the environment that go on */
  others: string[]
  /** how many more environments it leaves */
  more: number
}

type Measure = Omit<Mitigation, 'isProposed'>

/**
 * What may stop the harm, the proposed one first. Proposed is what undoes the first suspect: the
 * rollback of the deployment that is live, a switch that was turned on, or another number of
 * instances; what the machine lacked is freed by a restart of the service that fails.
 */
export function listMitigations(facts: MitigationFacts): Mitigation[] {
  const { environment, service, switches, services, scales, hosts, hasFormer, canClose } = facts
  const all: Measure[] = [
    ...(hasFormer ? [rollback(environment)] : []),
    ...switches.map(({ name, description }) => turnOff(name, description)),
    ...services.filter((one) => service === null || one === service).map(restart),
    ...scales.filter((one) => service === null || one.service === service).map(scale),
    ...hosts.map((one) => drain(environment, one)),
    ...(canClose ? [close(environment)] : []),
  ]
  const proposed = all.find((one) => undoes(one, facts))
  return [
    ...(proposed ? [{ ...proposed, isProposed: true }] : []),
    ...all.filter((one) => one !== proposed).map((one) => ({ ...one, isProposed: false })),
  ]
}

const rollback = (environment: string): Measure => ({
  ...{ kind: 'rollback', name: null },
  text: `returns ${environment} to the release before, with the configuration that it had`,
})

const turnOff = (name: string, description: string): Measure => ({
  ...{ kind: 'switch', name },
  text: `turns the switch ${name} off for everybody${description === '' ? '' : `: ${description}`}`,
})

const restart = (name: string): Measure => ({
  ...{ kind: 'restart', name },
  text: `rehearses ${name}, and restarts it only if the rehearsal shows that it would come back`,
})

const scale = ({ service, instances, declared }: MitigationFacts['scales'][number]): Measure => ({
  ...{ kind: 'scale', name: service },
  text:
    `runs another number of instances of ${service} without a new release, now ${instances} ` +
    (instances === declared ? 'as in fairlead.yaml' : `instead of ${declared}`),
})

const drain = (environment: string, { name, others, more }: DrainableHost): Measure => ({
  ...{ kind: 'drain', name },
  text:
    `takes the host ${name} out of ${environment}` +
    (more === 0 ? '' : ` and ${counted(more, 'more environment')}`) +
    `: clients that are connected are answered, then its services stop; ${others.join(', ')} ` +
    (others.length === 1 ? 'goes on' : 'go on'),
})

const close = (environment: string): Measure => ({
  ...{ kind: 'maintenance', name: null },
  text: `answers every request to ${environment} with the maintenance page; its services run on`,
})

function undoes({ kind, name }: Measure, facts: MitigationFacts): boolean {
  const { app, suspect, service, live } = facts
  if (suspect === null) return false
  if (suspect.kind === 'machine') return kind === 'restart' && name === service
  if (suspect.app !== app) return false
  if (suspect.kind === 'scale') return kind === 'scale' && name === suspect.ref
  if (suspect.kind === 'switch') return kind === 'switch' && name === suspect.ref
  const isUndone = ['delivery', 'configuration'].includes(suspect.kind)
  return kind === 'rollback' && isUndone && suspect.ref === String(live)
}
