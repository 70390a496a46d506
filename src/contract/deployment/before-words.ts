import { durationWords } from '#contract/time-words.ts'
import { expectedWait } from './expected-wait.ts'
import type {
  BeforeCheck,
  BeforeCommand,
  DeploymentDetail,
  RestoreCheck,
  ServicePause,
} from './before.ts'

/** What a deployment did beyond switching the traffic, or is about to do; one sentence each. */
export function deploymentNotes({
  state,
  before,
  pauses,
  expectedPauses,
}: Pick<DeploymentDetail, 'state' | 'before' | 'pauses' | 'expectedPauses'>): string[] {
  const isAhead = state === 'waiting' || (state === 'starting' && pauses.length === 0)
  return [
    ...(before === null ? [] : beforeNotes(before)),
    ...pauses.map(pauseNote),
    ...(isAhead ? expectedPauses.map(expectedNote) : []),
  ]
}

function beforeNotes({
  command,
  state,
  reason,
  started,
  ended,
  isCompatible,
  check,
  restore,
}: BeforeCommand) {
  const took = ended === null ? 0 : Date.parse(ended) - Date.parse(started)
  const notes = {
    running: `\`${command}\` runs before the services start`,
    succeeded: `\`${command}\` ran for ${durationWords(took)} before the services started`,
    failed: `\`${command}\`, the command before the start, ${reason ?? 'failed'}`,
    unknown: `\`${command}\`, the command before the start, ${reason ?? 'may have run in part'}`,
  }
  const warning = 'Earlier releases do not work with its result, as fairlead.yaml says'
  return [
    notes[state],
    ...(check === null ? (isCompatible ? [] : [warning]) : [checkNote(check)]),
    ...(restore === null ? [] : [restoreNote(restore)]),
  ]
}

const restoreNote = ({ state, reason }: RestoreCheck): string =>
  state === 'works'
    ? 'On a copy of the data, the backup before it was restored'
    : `It is not known whether the backup before it can be restored: ${reason}`

function checkNote({ run, state, reason }: BeforeCheck): string {
  const release = `the release of run ${run}`
  if (state === 'compatible') return `On a copy of the data, ${release} works with its result`
  if (state === 'incompatible')
    return `On a copy of the data, ${release} does not work with its result: ${reason}`
  return `It is not known whether ${release} works with its result: ${reason}`
}

function pauseNote({ service, did, pauseMs }: ServicePause): string {
  if (did === 'nothing') return `${service} runs on unchanged`
  if (did === 'reloaded') return `${service} reads its changed files without a restart`
  if (did === 'started') return `${service} was started`
  if (pauseMs === null)
    return `${service} was stopped, and did not become healthy with this release`
  return `${service} was restarted; clients waited for ${durationWords(pauseMs)}`
}

const expectedNote = (expected: DeploymentDetail['expectedPauses'][number]) =>
  `If ${expected.service} has to restart, clients wait ${expectedWait(expected)}`
