import type { StoredEvent } from '#contract/event/event.ts'
import { formatShare } from '../ui/number.ts'
import { firstLine, shortSha, type Tone } from '../ui/state.ts'

export interface Told {
  tone: Tone
  text: string
  /** the page of what it is about, where there is one */
  to: string | null
}

type Data = Record<string, unknown>
type Tell = (event: StoredEvent, data: Data) => Omit<Told, 'to'>

const because = (data: Data): string =>
  typeof data['reason'] === 'string' && data['reason'] !== ''
    ? `: ${firstLine(data['reason'])}`
    : ''
const where = (data: Data): string => String(data['environment'] ?? 'an environment')
const last = (subject: string): string => subject.split('/').at(-1) ?? subject
const quoted = (data: Data): string =>
  typeof data['subject'] === 'string' ? `“${data['subject']}”` : 'a change'
const kindOf = (data: Data): string =>
  data['kind'] === 'rollback'
    ? 'The rollback'
    : data['kind'] === 'configuration'
      ? 'The configuration'
      : 'The release'

const named = (event: StoredEvent, data: Data): string =>
  typeof data['name'] === 'string' ? `“${data['name']}”` : last(event.subject)
const inBrackets = (value: unknown, word = ''): string =>
  value === undefined || value === null ? '' : ` (${word}${String(value)})`

const waived = (data: Data): string =>
  data['kind'] && data['subject']
    ? `the ${String(data['kind'])} ${String(data['subject'])}`
    : 'a gate or a test'

const runEnds: Record<string, Omit<Told, 'to'>> = {
  succeeded: { tone: 'good', text: 'is in production' },
  failed: { tone: 'bad', text: 'failed' },
  cancelled: { tone: 'stopped', text: 'was cancelled' },
  superseded: { tone: 'passed-over', text: 'was superseded' },
  skipped: { tone: 'passed-over', text: 'was passed over: it touches nothing of the app' },
}

const deploymentEnds: Record<string, [Tone, string]> = {
  live: ['good', 'is live in'],
  failed: ['bad', 'did not get into'],
  cancelled: ['stopped', 'was cancelled before it was in'],
  superseded: ['passed-over', 'was superseded before it was in'],
}

const watched: Record<string, [Tone, string]> = {
  healthy: ['good', 'stayed up for as long as it was watched'],
  harmful: ['bad', 'did not stay up and is taken back'],
  unknown: ['unknown', 'was watched, but its host did not answer'],
}

const verdicts: Record<string, [Tone, string]> = {
  healthy: ['good', 'did well in'],
  harmful: ['bad', 'did harm in'],
  undecided: ['unknown', 'had too little data to be judged in'],
}

const canaryEnds: Record<string, string> = {
  promoted: ' and is promoted',
  taken_back: ' and is taken back',
  given_up: ' and is given up',
}

const share = (data: Data): string =>
  typeof data['share'] === 'number'
    ? `${formatShare(data['share'])} of the requests`
    : 'a part of the requests'

const tells: Record<string, Tell> = {
  'pullrequest.approved': (event, data) => ({
    tone: 'good',
    text: `${event.actor} approved ${typeof data['sha'] === 'string' ? shortSha(data['sha']) : 'the head'} of pull request ${last(event.subject)}`,
  }),
  'pullrequest.requested': (event) => ({
    tone: 'fact',
    text: `${event.actor} asked for pull request ${last(event.subject)} to be run`,
  }),
  'repository.created': (event) => ({ tone: 'fact', text: `${event.app} was registered` }),
  'repository.deleted': (event) => ({ tone: 'fact', text: `${event.app} was removed` }),
  'change.created': (event, data) => ({
    tone: 'fact',
    text: `${String(data['author'] ?? event.actor)} opened pull request ${last(event.subject)}: ${quoted(data)}`,
  }),
  'change.updated': (event, data) => ({
    tone: 'fact',
    text: data['isAgain']
      ? `Pull request ${last(event.subject)} was opened again`
      : typeof data['sha'] === 'string'
        ? `Pull request ${last(event.subject)} has a new head, ${shortSha(data['sha'])}`
        : `Pull request ${last(event.subject)} was changed`,
  }),
  'change.abandoned': (event, data) => ({
    tone: 'fact',
    text: `Pull request ${last(event.subject)} was closed${because(data)}`,
  }),
  'change.merged': (event, data) =>
    data['pullRequest'] !== undefined
      ? { tone: 'good', text: `Pull request ${last(event.subject)} was merged: ${quoted(data)}` }
      : {
          tone: 'fact',
          text: `${String(data['author'] ?? event.actor)} checked in ${quoted(data)} (${shortSha(last(event.subject))})`,
        },
  'branch.deleted': () => ({ tone: 'warn', text: 'The branch that is delivered was deleted' }),
  'pipelinerun.queued': (event, data) => ({
    tone: 'wait',
    text: `Run ${last(event.subject)} was queued${data['retryOf'] ? `, to try run ${String(data['retryOf'])} again` : ''}`,
  }),
  'pipelinerun.started': (event) => ({ tone: 'move', text: `Run ${last(event.subject)} started` }),
  'pipelinerun.finished': (event, data) => {
    const end = runEnds[String(data['state'])] ?? { tone: 'fact' as const, text: 'ended' }
    const isHead = data['pullRequest'] !== undefined && data['state'] === 'succeeded'
    return {
      tone: end.tone,
      text: `Run ${last(event.subject)} ${isHead ? 'passed' : end.text}${because(data)}`,
    }
  },
  'taskrun.started': (event) => ({ tone: 'move', text: `Step ${last(event.subject)} started` }),
  'taskrun.finished': (event, data) => {
    const isGood = data['outcome'] === 'success'
    const again = Number(data['attempt'] ?? 1) > 1 ? ` at attempt ${String(data['attempt'])}` : ''
    return {
      tone: isGood ? 'good' : 'bad',
      text: `Step ${last(event.subject)} ${isGood ? 'passed' : 'failed'}${again}${because(data)}`,
    }
  },
  'artifact.packaged': (event, data) => ({
    tone: 'good',
    text: `The artifact was built: ${last(event.subject).slice(0, 19)}${sizeOf(data)}`,
  }),
  'artifact.deleted': (event) => ({
    tone: 'fact',
    text: `The artifact ${last(event.subject).slice(0, 19)} was cleaned up`,
  }),
  'environment.created': (event) => ({
    tone: 'fact',
    text: `Environment ${last(event.subject)} was made`,
  }),
  'environment.modified': (event) => ({
    tone: 'fact',
    text: `Environment ${last(event.subject)} was changed`,
  }),
  'environment.deleted': (event, data) => ({
    tone: 'fact',
    text: `Environment ${last(event.subject)} was removed${because(data)}`,
  }),
  'service.deployed': (_, data) => ({
    tone: 'good',
    text: `${kindOf(data)} has the traffic of ${where(data)}, as the first`,
  }),
  'service.upgraded': (_, data) => ({
    tone: 'good',
    text: `${kindOf(data)} took the traffic of ${where(data)}`,
  }),
  'service.rolledback': (_, data) => ({
    tone: 'back',
    text: `${where(data)} returned to its earlier release`,
  }),
  'service.removed': (_, data) => ({
    tone: 'fact',
    text: `What ran in ${where(data)} was removed`,
  }),
  'pipelinerun.cancelrequested': (event) => ({
    tone: 'stopped',
    text: `${event.actor} asked to cancel run ${last(event.subject)}`,
  }),
  'deployment.waiting': (_, data) => ({
    tone: 'wait',
    text: `${kindOf(data)} waits for its turn in ${where(data)}${because(data)}`,
  }),
  'deployment.started': (_, data) => ({
    tone: 'move',
    text: `${kindOf(data)} starts in ${where(data)}, beside what runs there`,
  }),
  'deployment.healthy': (_, data) => ({
    tone: 'good',
    text: `${kindOf(data)} is healthy in ${where(data)}`,
  }),
  'deployment.verified': (_, data) => ({
    tone: 'good',
    text: `${kindOf(data)} was verified in ${where(data)}`,
  }),
  'deployment.finished': (_, data) => {
    const [tone, words] = deploymentEnds[String(data['state'])] ?? (['fact', 'ended in'] as const)
    return { tone, text: `${kindOf(data)} ${words} ${where(data)}${because(data)}` }
  },
  'verdict.started': (_, data) => ({
    tone: 'move',
    text: `${kindOf(data)} is a canary in ${where(data)}, with ${share(data)}`,
  }),
  'verdict.shared': (_, data) => ({
    tone: 'move',
    text: `The canary in ${where(data)} is now given ${share(data)}`,
  }),
  'verdict.waiting': (_, data) => ({
    tone: 'unknown',
    text: `The canary in ${where(data)} waits for somebody’s decision${because(data)}`,
  }),
  'verdict.finished': (_, data) => {
    const [tone, words] = verdicts[String(data['verdict'])] ?? verdicts['undecided']!
    const end = canaryEnds[String(data['state'])] ?? ''
    return { tone, text: `The canary ${words} ${where(data)}${end}${because(data)}` }
  },
  'deployment.watched': (_, data) => {
    const [tone, words] = watched[String(data['outcome'])] ?? watched['unknown']!
    return { tone, text: `${where(data)} ${words}${tone === 'bad' ? because(data) : ''}` }
  },
  'change.held': (_, data) => ({
    tone: 'back',
    text: `The change was taken back from ${where(data)} and is held${because(data)}`,
  }),
  'change.released': (event) => ({
    tone: 'fact',
    text: `${event.actor} asked for the change again`,
  }),
  'gate.finished': (event, data) => {
    const gates = Array.isArray(data['gates'])
      ? (data['gates'] as { name: string; state: string; stops: boolean }[])
      : []
    const stopping = gates.filter(({ stops }) => stops).map(({ name }) => name)
    if (stopping.length > 0)
      return {
        tone: 'bad',
        text: `Run ${last(event.subject)} is stopped by ${stopping.join(', ')}`,
      }
    const open = gates.filter(({ state }) => state !== 'passed').length
    const rest = open === 0 ? '' : ` (${open} waived or unknown)`
    return {
      tone: open === 0 ? 'good' : 'unknown',
      text: `Run ${last(event.subject)} passed its gates${rest}`,
    }
  },
  'waiver.created': (event, data) => ({
    tone: 'warn',
    text: `${event.actor} waived ${waived(data)}${data['until'] ? ` until ${String(data['until']).slice(0, 10)}` : ''}${because(data)}`,
  }),
  'waiver.ended': (event, data) => ({
    tone: 'fact',
    text: `${event.actor} took back the waiver of ${waived(data)}`,
  }),
  'evidence.signed': (_, data) => ({
    tone: 'fact',
    text: `Evidence was signed: ${Array.isArray(data['kinds']) ? data['kinds'].join(', ') : 'statements'}`,
  }),
  'deployment.decided': (event, data) => {
    const verbs: Record<string, string> = {
      approve: 'approved the release for',
      refuse: 'refused the release for',
      override: 'let the release go in spite of the freeze of',
    }
    const comment =
      typeof data['comment'] === 'string' && data['comment'] !== '' ? `: ${data['comment']}` : ''
    return {
      tone: data['kind'] === 'refuse' ? 'bad' : 'fact',
      text: `${event.actor} ${verbs[wordOr(data['kind'], '')] ?? 'decided on the release for'} ${wordOr(data['environment'], 'an environment')}${comment}`,
    }
  },
  'forge.created': (event, data) => ({
    tone: 'fact',
    text: `${event.actor} connected ${last(event.subject)} to ${wordOr(data['repository'], 'its forge')}`,
  }),
  'forge.deleted': (event) => ({
    tone: 'fact',
    text: `${event.actor} disconnected ${last(event.subject)} from its forge`,
  }),
  'key.rotated': (event) => ({
    tone: 'fact',
    text: `${event.actor} made a new key for the secrets`,
  }),
  'configuration.changed': (event, data) => {
    const what =
      Array.isArray(data['changed']) && data['changed'].length > 0
        ? data['changed'].join(', ')
        : 'the configuration'
    const verb = data['restored'] ? 'returned' : 'changed'
    return {
      tone: 'fact',
      text: `${event.actor} ${verb} ${what} in ${last(event.subject)}${inBrackets(data['version'], 'version ')}`,
    }
  },
  'token.created': (event, data) => ({
    tone: 'fact',
    text: `${event.actor} made the token ${named(event, data)}${inBrackets(data['role'])}`,
  }),
  'token.revoked': (event, data) => ({
    tone: 'fact',
    text: `${event.actor} revoked the token ${named(event, data)}`,
  }),
  'session.created': (event) => ({ tone: 'fact', text: `${event.actor} signed in` }),
  'session.ended': (event, data) => {
    const whose = last(event.subject) === event.actor ? '' : ` of ${last(event.subject)}`
    const count = Number(data['sessions'] ?? 1)
    return {
      tone: 'fact',
      text: `${event.actor} ended ${count === 1 ? 'a session' : `${count} sessions`}${whose}`,
    }
  },
  'session.refused': (event, data) => ({
    tone: 'warn',
    text: `A sign-in was refused${whyRefused(event, data)}${times(data)}`,
  }),
  'link.created': (event, data) => ({
    tone: 'fact',
    text: `${event.actor} made a sign-in link for ${last(event.subject)}${inBrackets(data['role'])}`,
  }),
  'user.created': (event, data) => ({
    tone: 'fact',
    text: `${last(event.subject)} was added as a user${inBrackets(data['role'])}`,
  }),
  'user.changed': (event, data) => ({
    tone: 'fact',
    text: `${event.actor} ${changeOfUser(event, data)}`,
  }),
  'user.deleted': (event) => ({
    tone: 'fact',
    text: `${event.actor} removed the user ${last(event.subject)}`,
  }),
  'request.refused': (event, data) => ({
    tone: 'warn',
    text: `${event.actor} was refused ${wordOr(data['what'], 'something')}${data['app'] ? ` of ${String(data['app'])}` : ''}${times(data)}`,
  }),
  'signingkey.created': (event) => ({
    tone: 'fact',
    text: `${event.actor} made a new key to sign evidence with`,
  }),
  'verdict.promoterequested': (event, data) => ({
    tone: 'move',
    text: `${event.actor} asked to promote the canary in ${where(data)}`,
  }),
  'webhook.replayed': (event, data) => ({
    tone: 'fact',
    text: `${event.actor} replayed delivery ${String(data['delivery'] ?? '')} to ${last(event.subject)}`,
  }),
  'server.started': (_, data) => ({
    tone: 'fact',
    text: `A server started${data['version'] ? ` (${String(data['version'])})` : ''}`,
  }),
  'workflow.broken': (event, data) => ({
    tone: 'bad',
    text: `The workflow of ${event.subject} broke${because(data)}`,
  }),
  'workflow.takenover': (event) => ({
    tone: 'warn',
    text: `${event.subject} was taken over from a server that died`,
  }),
  'step.repeated': (event) => ({
    tone: 'warn',
    text: `${event.subject} was done again, because its first try was cut off`,
  }),
}

const refusals: Record<string, string> = {
  disabled: ': the user is disabled',
  unknown: ': the provider knows them, Fairlead does not',
  expired: ': the answer of the provider was too old, or used before',
  forged: ': it was no answer to a sign-in',
  refused: ' by the provider',
  unreachable: ': the provider did not answer',
}

function whyRefused({ by }: StoredEvent, data: Data): string {
  const { credential } = by ?? {}
  if (data['why'] === 'unknown' && (credential === 'token' || credential === 'link'))
    return `: the ${credential} is not known`
  return refusals[wordOr(data['why'], '')] ?? ''
}

const times = (data: Data): string =>
  Number(data['count'] ?? 1) > 1 ? `, ${String(data['count'])} times` : ''

function changeOfUser(event: StoredEvent, data: Data): string {
  const user = last(event.subject)
  if (data['disabled'] !== undefined)
    return `${data['disabled'] === true ? 'disabled' : 'enabled'} ${user}`
  const ofApp = data['app'] ? ` of ${String(data['app'])}` : ''
  if (data['role'] === null)
    return `took the role ${wordOr(data['was'], 'there was')}${ofApp} from ${user}`
  if (data['role'] !== undefined) return `made ${user} ${String(data['role'])}${ofApp}`
  return `changed the e-mail address of ${user}`
}

function sizeOf(data: Data): string {
  const size = Number(data['size'])
  if (!Number.isFinite(size)) return ''
  return size < 1e6
    ? ` (${Math.max(1, Math.round(size / 1000))} KB)`
    : ` (${(size / 1e6).toFixed(1)} MB)`
}

/** The type without its vocabulary: `service.deployed`, `deployment.waiting`. */
export const shortType = (type: string): string =>
  type.replace(/^dev\.cdevents\.|^dev\.cdeventsx\.fairlead-/, '')

/** An event in one sentence; one of a type that is not known here is told by its type. */
export function tell(event: StoredEvent): Told {
  const told = tells[shortType(event.type)]?.(event, event.data) ?? {
    tone: 'fact' as const,
    text: `${shortType(event.type)} ${event.subject}`,
  }
  return { ...told, text: upperFirst(told.text), to: pageOf(event) }
}

const upperFirst = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}`

function pageOf(event: StoredEvent): string | null {
  const run = /^run\/(\d+)(?:\/step\/(.+))?$/.exec(event.subject)
  if (run) return `/runs/${run[1]}${run[2] ? `?step=${run[2]}` : ''}`
  if (event.app !== null && event.data['pullRequest'] !== undefined)
    return `/apps/${event.app}/pull-requests`
  const verdict = /^deployment\/(\d+)$/.exec(event.subject)
  if (verdict && shortType(event.type).startsWith('verdict.'))
    return `/deployments/${verdict[1]}/verdict`
  const environment = event.data['environment']
  if (event.app !== null && typeof environment === 'string')
    return `/apps/${event.app}/environments/${environment}`
  const place = /^environment\/([^/]+)\/([^/]+)$/.exec(event.subject)
  if (place) return `/apps/${place[1]}/environments/${place[2]}`
  if (event.data['run']) return `/runs/${String(event.data['run'])}`
  return event.app === null ? null : `/apps/${event.app}`
}

const wordOr = (value: unknown, otherwise: string): string =>
  typeof value === 'string' ? value : otherwise
