import { appendFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Client } from '#contract/client.ts'
import { type EndpointName, endpoints } from '#contract/endpoints.ts'
import { toCdEvent } from '#contract/event/cdevent.ts'
import type { StoredEvent } from '#contract/event/event.ts'
import { environmentFile } from '#contract/pipeline-file/pipeline-file.ts'
import { type Database, openDatabase } from '#platform/postgres/postgres.ts'
import { sql, toJson } from '#platform/postgres/sql.ts'
import { canariesOf, server } from './support/canary.ts'
import { pushes } from './support/forge.ts'
import { endedRun, push } from './support/app.ts'
import { type Installation, startInstallation } from './support/installation.ts'
import { isInstalled, requires } from './support/programs.ts'
import { makeRepository, type Repository } from './support/repository.ts'
import { waitFor } from './support/wait.ts'
import { openAlert } from './support/alert.ts'
import { browserAt } from './support/web-push.ts'
import { storeError } from './support/error.ts'
import { signInAs } from './support/people.ts'
import { type SshMachines, startSshMachines } from './support/sshd.ts'
import { suspendedWorkflows } from './support/suspended.ts'
import { type Proposing, startProposing } from './support/pull-request.ts'

let installation: Installation
let database: Database
/** null where sshd is not installed */
let ssh: SshMachines | null = null
const repositories: Repository[] = []
const proposed: Proposing[] = []
const canaries = canariesOf(() => installation)
/** the admin who calls every endpoint, with a session */
let ada: Client

const yaml = (production: string, step = '"true"'): string =>
  `steps: {test: ${step}}\nswitches: {mail: {default: true, rollout: X-User}}\n` +
  `environments:\n  production: ${production}\n`

const deliver = async (app: string, text: string, known?: Repository) => {
  const repository = known ?? (await makeRepository({ 'fairlead.yaml': text }))
  if (known) await repository.commit({ 'fairlead.yaml': text, 'more.txt': String(Math.random()) })
  else repositories.push(repository)
  await push(installation, app, repository)
  const [run] = (await installation.client.listRuns({ query: { app, limit: 1 } })).runs
  return { run: run!.id, repository }
}
const newestDeployment = async (app: string) =>
  (
    await installation.client.listDeployments({
      query: { app, environment: 'production', limit: 1 },
    })
  ).deployments[0]
const shopIsLive = () =>
  waitFor(
    'no deployment is in progress',
    async () => (await newestDeployment('shop'))?.state === 'live',
  )

beforeAll(async () => {
  if (isInstalled('sshd')) ssh = await startSshMachines(['web-1'])
  installation = await startInstallation({
    env: { FAIRLEAD_PULLS_SECONDS: '0.4', ...(ssh && { FAIRLEAD_SSH_CONFIG: ssh.config }) },
  })
  database = await openDatabase({ connection: installation.connection, size: 1 })
  ada = (await signInAs(installation, 'Ada', 'admin')).client
})
afterAll(async () => {
  await database.close()
  await installation.stop()
  await ssh?.remove()
  await canaries.remove()
  for (const one of [...repositories, ...proposed]) await one.remove()
})

const shop = { app: 'shop' }
const primary = { params: { rota: 'primary' } }
const override = {
  ...{ person: 'Ada', from: '2030-01-01T00:00:00Z', until: '2030-01-02T00:00:00Z' },
}
const newestIncident = async (): Promise<number> =>
  (await ada.listIncidents({ query: { ...shop, state: 'unclosed' } })).incidents[0]?.id ?? 0
const newestReview = async () => {
  const incident = await newestIncident()
  const { version, actionList } = await ada.getReview({ params: { incident } })
  return { incident, version, action: actionList[0]?.id ?? 0 }
}
const reviewAction = {
  ...{ title: 'Test it', due: '2030-01-01', proof: { kind: 'step', name: 'test' } as const },
}
const production = { app: 'shop', environment: 'production' }
const served = { app: 'served', environment: 'production' }

/**
 * One call of each endpoint that changes something. The outer function prepares what the call
 * needs, with the token of this machine.
 */
const calls: { [N in EndpointName]?: () => Promise<() => Promise<unknown>> } = {
  createApp: async () => () => ada.createApp({ body: { name: 'shop' } }),
  addHost: async () => {
    const destination = 'web-1'
    const { fingerprint } = await ada.readHostKey({ query: { destination } })
    const folder = join(ssh!.folder, 'host')
    return () => ada.addHost({ body: { name: 'web-1', destination, fingerprint, folder } })
  },
  upgradeHost: async () => () => ada.upgradeHost({ params: { host: 'web-1' } }),
  labelHost: async () => () =>
    ada.labelHost({ params: { host: 'web-1' }, body: { labels: ['web'] } }),
  drainHost: async () => () => ada.drainHost({ params: { host: 'web-1' }, body: {} }),
  undrainHost: async () => () => ada.undrainHost({ params: { host: 'web-1' } }),
  removeHost: async () => () =>
    ada.removeHost({ params: { host: 'web-1' }, query: { how: 'forget' } }),
  createUser: async () => () => ada.createUser({ body: { name: 'Bob' } }),
  changeUser: async () => () =>
    ada.changeUser({ params: { user: 'Bob' }, body: { role: 'viewer' } }),
  putAppRole: async () => () =>
    ada.putAppRole({ params: { ...shop, user: 'Bob' }, body: { role: 'operator' } }),
  createLink: async () => () => ada.createLink({ body: { name: 'Bob' } }),
  deleteUser: async () => () => ada.deleteUser({ params: { user: 'Bob' } }),
  createToken: async () => () => ada.createToken({ body: { name: 'ci', role: 'viewer' } }),
  deleteToken: async () => {
    const [token] = (await ada.listTokens()).tokens
    return () => ada.deleteToken({ params: { id: token!.id } })
  },
  deleteSession: async () => {
    const other = await signInAs(installation, 'Ada')
    return () => other.client.deleteSession()
  },
  endSession: async () => {
    await signInAs(installation, 'Ada')
    const other = (await ada.listSessions()).sessions.find(({ isCurrent }) => !isCurrent)
    return () => ada.endSession({ params: { session: other!.id } })
  },
  endSessions: async () => {
    await signInAs(installation, 'Ada')
    return () => ada.endSessions()
  },
  rotateKey: async () => () => ada.rotateKey(),
  createKey: async () => () => ada.createKey(),
  revokeKey: async () => {
    const [key] = (await ada.listKeys()).keys
    return () => ada.revokeKey({ params: { key: key!.id }, body: { reason: 'for the test' } })
  },
  putWebhook: async () => () => ada.putWebhook({ params: shop }),
  replayWebhookDelivery: async () => {
    const { secret } = await installation.client.putWebhook({ params: shop })
    const { body, headers } = pushes['github']!(secret, {
      before: '0'.repeat(40),
      after: '1'.repeat(40),
    })
    const sent = await fetch(`${installation.url}/webhooks/shop`, { method: 'POST', headers, body })
    const { number } = (await sent.json()) as { number: number }
    return () => ada.replayWebhookDelivery({ params: { ...shop, number } })
  },
  deleteWebhook: async () => () => ada.deleteWebhook({ params: shop }),
  putForge: async () => () =>
    ada.putForge({
      params: shop,
      body: { kind: 'gitea', url: 'http://127.0.0.1:9', repository: 'a/b', token: 'secret' },
    }),
  deleteForge: async () => () => ada.deleteForge({ params: shop }),
  createWaiver: async () => () =>
    ada.createWaiver({
      params: shop,
      body: { kind: 'gate', subject: 'coverage', reason: 'for the test' },
    }),
  deleteWaiver: async () => {
    const [waiver] = (await ada.listWaivers({ params: shop })).waivers
    return () => ada.deleteWaiver({ params: { ...shop, waiver: waiver!.id } })
  },
  retryRun: async () => {
    const { run, repository } = await deliver('shop', yaml('{}'))
    await endedRun(installation, run)
    await endedRun(installation, (await deliver('shop', yaml('{watch: 1s}'), repository)).run)
    return () => ada.retryRun({ params: { run } })
  },
  createRun: async () => () =>
    ada.createRun({ params: shop, body: { parameters: { LEVEL: 'debug' } } }),
  cancelRun: async () => {
    const { run } = await deliver('slow', yaml('{}', 'sleep 60'))
    return () => ada.cancelRun({ params: { run } })
  },
  changeConfiguration: async () => () =>
    ada.changeConfiguration({
      params: production,
      body: { variables: { A: 'b' }, secrets: { TOKEN: 'hush-hush' } },
    }),
  changeSecretPrefixes: async () => () =>
    ada.changeSecretPrefixes({ params: shop, body: { allow: ['file:shop'] } }),
  setSwitch: async () => {
    await shopIsLive()
    const setting = { serve: { variant: 'off' } }
    return () =>
      ada.setSwitch({
        params: { ...production, switch: 'mail' },
        body: { setting, reason: 'for the test' },
      })
  },
  startSwitchRollout: async () => {
    await shopIsLive()
    return () =>
      ada.startSwitchRollout({
        params: { ...production, switch: 'mail' },
        body: { serve: { variant: 'off' }, reason: 'for the test' },
      })
  },
  startMaintenance: async () => {
    await shopIsLive()
    return () => ada.startMaintenance({ params: production, body: { reason: 'for the test' } })
  },
  endMaintenance: async () => {
    await shopIsLive()
    await ada.startMaintenance({ params: production, body: { reason: 'for the test' } })
    return () => ada.endMaintenance({ params: production })
  },
  rollback: async () => {
    await shopIsLive()
    return () => ada.rollback({ params: production, body: {} })
  },
  rehearse: async () => {
    const service = 'services: {web: {run: exec sleep 1000, port: false}}\n'
    // The file itself serves as a template.
    const config = 'config: {files: {notes.txt: fairlead.yaml}}\n'
    const jobs = 'jobs: {once: "true"}\n'
    await deliver('served', `${service}${config}${jobs}environments: {production: {}}\n`)
    await waitFor(
      'the service is live',
      async () => (await newestDeployment('served'))?.state === 'live',
    )
    return () => ada.rehearse({ params: served, body: { service: 'web' } })
  },
  runExperiment: async () => {
    const plan = { action: 'pause', service: 'web', for: 1, environments: ['production'] }
    await database.query(
      sql`update release set definition = jsonb_set(definition::jsonb, '{experiments}',
          ${toJson({ frozen: plan })}::jsonb) where app = 'served'`,
    )
    return () => ada.runExperiment({ params: { ...served, experiment: 'frozen' } })
  },
  abortExperimentRun: async () => {
    const key = { app: 'served', environment: 'none', name: 'frozen' }
    const [row] = await database.query<{ id: number }>(
      sql`insert into experiment_run (app, environment, name, plan, release, trigger, actor)
        select ${key.app}, ${key.environment}, ${key.name}, plan, release, trigger, actor
        from experiment_run where app = 'served' order by id desc limit 1 returning id`,
    )
    const experimentRun = row?.id ?? 0
    return () => ada.abortExperimentRun({ params: { app: 'served', experimentRun } })
  },
  stopExperiments: async () => () => ada.stopExperiments({ body: { reason: 'for the test' } }),
  allowExperiments: async () => () => ada.allowExperiments({}),
  setScale: async () => () =>
    ada.setScale({
      params: { ...served, service: 'web' },
      body: { instances: 2, reason: 'for the test' },
    }),
  endScale: async () => () => ada.endScale({ params: { ...served, service: 'web' } }),
  restartService: async () => () =>
    ada.restartService({
      params: served,
      body: { service: 'web', force: true, reason: 'for the test' },
    }),
  checkDrift: async () => {
    const { release } = (await newestDeployment('served'))!
    const folder = join(installation.home, 'host/files/served/production', String(release), 'web')
    await appendFile(join(folder, 'notes.txt'), '# changed here\n')
    return () => ada.checkDrift({ params: served })
  },
  takeOverDrift: async () => {
    const [one] = (await ada.listDrift({ params: served })).differences
    return () => ada.takeOverDrift({ params: { ...served, id: one!.id } })
  },
  repairDrift: async () => {
    const [one] = (await ada.listDrift({ params: served })).differences
    return () => ada.repairDrift({ params: { ...served, id: one!.id } })
  },
  runJob: async () => () => ada.runJob({ params: { ...served, job: 'once' } }),
  runCommand: async () => () => ada.runCommand({ params: served, body: { command: 'sleep 60' } }),
  stopJobRun: async () => {
    const [run] = (await ada.listJobRuns({ params: { app: 'served' } })).jobRuns
    return () => ada.stopJobRun({ params: { app: 'served', jobRun: run?.id ?? 0 } })
  },
  // Without a playbook, a run ends as soon as Ansible has begun, or where it is not installed.
  applyMachines: async () => {
    const machines = { playbook: 'none.yml', hosts: { web: '127.0.0.1' } }
    const file = environmentFile.parse({ machines })
    await database.query(
      sql`update release set definition = jsonb_set(definition::jsonb,
          '{environments,production}', ${toJson(file)}::jsonb) where app = 'served'`,
    )
    return () => ada.applyMachines({ params: served })
  },
  stopMachineRun: async () => {
    await database.query(
      sql`insert into machine_run (app, environment, mode, key, playbook, sha, release, state,
          machines, changes, total, actor)
        select app, environment, 'apply', 'none', 'none.yml', sha, id, 'running', '[]', '[]', 0, ''
        from release where app = 'served' order by id desc limit 1`,
    )
    const [run] = (await ada.listMachineRuns({ params: { app: 'served' } })).machineRuns
    return () => ada.stopMachineRun({ params: { app: 'served', machineRun: run?.id ?? 0 } })
  },
  decideDeployment: async () => {
    await deliver('asked', yaml('{approve: {by: [Ada]}}'))
    await waitFor(
      'the deployment waits',
      async () => (await newestDeployment('asked'))?.state === 'waiting',
    )
    const deployment = (await newestDeployment('asked'))!.id
    return () =>
      ada.decideDeployment({ params: { deployment }, body: { kind: 'refuse', comment: 'no' } })
  },
  promoteCanary: async () => {
    const repository = await canaries.live('canary', 'steps: [50], least: 30s, most: 60s')
    const run = await canaries.deliver('canary', repository, server('2'))
    await waitFor('the deployment is a canary', () => canaries.isCanary(run))
    const deployment = (await newestDeployment('canary'))!.id
    return () => ada.promoteCanary({ params: { deployment } })
  },
  approvePullRequest: async () => {
    const proposing = await startProposing(installation, 'proposed', {
      'fairlead.yaml': yaml('{}'),
    })
    proposed.push(proposing)
    const sha = await proposing.propose({ number: 1, branch: 'one' }, { a: '1' })
    await proposing.ran(1, sha)
    return () => ada.approvePullRequest({ params: { app: 'proposed', number: 1 }, body: { sha } })
  },
  runPullRequest: async () => () => ada.runPullRequest({ params: { app: 'proposed', number: 1 } }),
  removeEnvironment: async () => {
    const { run, repository } = await deliver('left', `${yaml('{}')}  old: {}\n`)
    await endedRun(installation, run)
    const next = await deliver('left', yaml('{}'), repository)
    await endedRun(installation, next.run)
    return () => ada.removeEnvironment({ params: { app: 'left', environment: 'old' } })
  },
  changeApp: async () => () =>
    ada.changeApp({ params: { app: 'left' }, body: { branch: 'trunk' } }),
  continueWorkflow: async () => {
    const [workflow = ''] = await suspendedWorkflows(installation, ['shop', 'slow'])
    return () => ada.continueWorkflow({ params: { workflow } })
  },
  cancelWorkflow: async () => {
    const { workflows } = await ada.listWorkflows()
    return () => ada.cancelWorkflow({ params: { workflow: workflows[0]?.id ?? '' } })
  },
  acknowledgeAlert: async () => {
    const alert = await openAlert(installation, production)
    return () => ada.acknowledgeAlert({ params: { alert }, body: {} })
  },
  passAlert: async () => {
    const [alert] = (await ada.listAlerts({ query: { state: 'unresolved' } })).alerts
    return () => ada.passAlert({ params: { alert: alert?.id ?? 0 }, body: {} })
  },
  resolveAlert: async () => {
    const [alert] = (await ada.listAlerts({ query: { state: 'unresolved' } })).alerts
    return () => ada.resolveAlert({ params: { alert: alert?.id ?? 0 }, body: {} })
  },
  openIncident: async () => () =>
    ada.openIncident({ params: shop, body: { title: 'cards fail', environment: 'production' } }),
  noteIncident: async () => {
    const incident = await newestIncident()
    return () => ada.noteIncident({ params: { incident }, body: { text: 'for the test' } })
  },
  takeIncident: async () => {
    const incident = await newestIncident()
    return () => ada.takeIncident({ params: { incident }, body: { role: 'commander' } })
  },
  changeIncident: async () => {
    const incident = await newestIncident()
    return () => ada.changeIncident({ params: { incident }, body: { severity: 'critical' } })
  },
  createReview: async () => {
    const incident = await newestIncident()
    return () => ada.createReview({ params: { incident } })
  },
  changeReview: async () => {
    const { incident, version } = await newestReview()
    return () =>
      ada.changeReview({ params: { incident }, body: { version, sections: { luck: 'none' } } })
  },
  publishReview: async () => {
    const { incident, version } = await newestReview()
    return () => ada.publishReview({ params: { incident }, body: { version, audience: 'inside' } })
  },
  createReviewAction: async () => {
    const { incident } = await newestReview()
    return () => ada.createReviewAction({ params: { incident }, body: reviewAction })
  },
  changeReviewAction: async () => {
    const { incident, action } = await newestReview()
    return () =>
      ada.changeReviewAction({ params: { incident, action }, body: { due: '2030-01-02' } })
  },
  createReviewIssue: async () => {
    const { incident, action } = await newestReview()
    const forge = { kind: 'gitea' as const, url: 'http://127.0.0.1:9', token: 'secret' }
    await ada.putForge({ params: shop, body: { ...forge, repository: 'a/b' } })
    return () => ada.createReviewIssue({ params: { incident, action } })
  },
  deleteReviewAction: async () => {
    const { incident, action } = await newestReview()
    return () =>
      ada.deleteReviewAction({ params: { incident, action }, body: { reason: 'for the test' } })
  },
  postStatusUpdate: async () => {
    const incident = await newestIncident()
    return () => ada.postStatusUpdate({ params: { incident }, body: { text: 'for the test' } })
  },
  discardStatusDraft: async () => {
    const known = await newestIncident()
    await ada.closeIncident({ params: { incident: known }, body: {} })
    const body = { title: 'mail fails', environment: 'production' }
    const { id } = await ada.openIncident({ params: shop, body })
    await waitFor('there is a draft for customers', async () => {
      const { incidents } = await ada.listStatusUpdates()
      return incidents.some((one) => one.id === id && one.draft !== null)
    })
    return () => ada.discardStatusDraft({ params: { incident: id } })
  },
  putStatusSubscription: async () => () =>
    ada.putStatusSubscription({
      params: { subscription: 'customers' },
      body: { kind: 'slack', settings: { url: 'http://127.0.0.1:9/hush-hush' } },
    }),
  deleteStatusSubscription: async () => () =>
    ada.deleteStatusSubscription({ params: { subscription: 'customers' } }),
  putStatusPage: async () => () =>
    ada.putStatusPage({ params: { page: 'internal' }, body: { title: 'Internal systems' } }),
  deleteStatusPage: async () => () => ada.deleteStatusPage({ params: { page: 'internal' } }),
  mergeIncident: async () => {
    await ada.closeIncident({ params: { incident: await newestIncident() }, body: {} })
    const body = { title: 'web fails', environment: 'production', service: 'web' }
    const other = await ada.openIncident({ params: shop, body })
    const second = { title: 'api fails', environment: 'production', service: 'api' }
    const { id } = await ada.openIncident({ params: shop, body: second })
    return () => ada.mergeIncident({ params: { incident: id }, body: { other: other.id } })
  },
  closeIncident: async () => {
    const incident = await newestIncident()
    return () => ada.closeIncident({ params: { incident }, body: {} })
  },
  createSilence: async () => () =>
    ada.createSilence({ params: shop, body: { minutes: 1, reason: 'for the test' } }),
  endSilence: async () => {
    const [silence] = (await ada.listSilences()).silences
    return () => ada.endSilence({ params: { silence: silence?.id ?? 0 } })
  },
  putChannel: async () => () =>
    ada.putChannel({
      params: { channel: 'team' },
      body: { kind: 'slack', settings: { url: 'http://127.0.0.1:9/hush-hush' } },
    }),
  // Nothing listens at its address, which is stored too.
  addBrowser: async () => () => ada.addBrowser({ body: browserAt('http://127.0.0.1:9/x') }),
  testChannel: async () => () =>
    ada.testChannel({ params: { channel: 'team' } }).catch(() => undefined),
  deleteChannel: async () => () => ada.deleteChannel({ params: { channel: 'team' } }),
  putRota: async () => {
    await ada.createUser({ body: { name: 'Eve' } })
    const layer = { people: ['Ada', 'Eve'], start: '2020-01-01T00:00' }
    return () => ada.putRota({ ...primary, body: { zone: 'UTC', layers: [layer] } })
  },
  createOverride: async () => () => ada.createOverride({ ...primary, body: override }),
  swapShifts: async () => {
    const { shifts } = await ada.getRota(primary)
    const [one, other] = [shifts.at(-2)!.from, shifts.at(-1)!.from]
    return () => ada.swapShifts({ ...primary, body: { one, other } })
  },
  deleteOverride: async () => {
    const { id } = await ada.createOverride({ ...primary, body: override })
    return () => ada.deleteOverride({ params: { rota: 'primary', override: id } })
  },
  importCalendar: async () => () =>
    ada.importCalendar({ ...primary, body: { calendar: 'BEGIN:VCALENDAR\r\nEND:VCALENDAR' } }),
  createCalendarLink: async () => () => ada.createCalendarLink(primary),
  deleteRota: async () => () => ada.deleteRota(primary),
  putTeam: async () => () =>
    ada.putTeam({ params: { team: 'default' }, body: { steps: [{ notify: ['person:Ada'] }] } }),
  deleteTeam: async () => () => ada.deleteTeam({ params: { team: 'default' } }),
  resolveError: async () => {
    const error = await storeError(installation, production)
    return () => ada.resolveError({ params: { error }, body: {} })
  },
  ignoreError: async () => {
    const [error] = (await ada.listErrors({ query: shop })).errors
    return () => ada.ignoreError({ params: { error: error?.id ?? 0 } })
  },
  reopenError: async () => {
    const [error] = (await ada.listErrors({ query: { state: 'ignored' } })).errors
    return () => ada.reopenError({ params: { error: error?.id ?? 0 } })
  },
  replaceErrorKey: async () => () => ada.replaceErrorKey({ params: shop }),
  deleteApp: async () => () => ada.deleteApp({ params: { app: 'asked' } }),
}
/** These need a machine that SSH reaches. */
const onHosts: string[] = [
  'addHost',
  'upgradeHost',
  'labelHost',
  'drainHost',
  'undrainHost',
  'removeHost',
] satisfies EndpointName[]
const changing = Object.entries(endpoints).filter(
  ([, { method, role }]) => method !== 'GET' && role !== 'public',
)

test('every endpoint that changes something is called', () => {
  expect(changing.map(([name]) => name).toSorted()).toEqual(Object.keys(calls).toSorted())
  // One signs a user in, which `user.test.ts` covers. A job calls the other one, maybe each minute.
  const open = Object.entries(endpoints).filter(
    ([, { method, role }]) => method !== 'GET' && role === 'public',
  )
  expect(open.map(([name]) => name)).toEqual(['createSession', 'receiveHeartbeat'])
})

for (const [name, prepare] of Object.entries(calls))
  test(
    `${name} stores an event with the user, the credential and the address`,
    onHosts.includes(name) ? requires('sshd') : {},
    async () => {
      const call = await prepare()
      const [last] = (await installation.client.listEvents({ query: { limit: 1 } })).events
      await call()
      const { events } = await installation.client.listEvents({
        query: { after: last?.id ?? 0, actor: 'Ada', limit: 500 },
      })
      const attributed = events.filter(
        ({ by }) => by?.credential === 'session' && by.address === '127.0.0.1',
      )
      expect(attributed.length, JSON.stringify(events)).toBeGreaterThan(0)
    },
  )

test('the log contains no secret, and reads as CDEvents', async () => {
  const all: StoredEvent[] = []
  for (let after = 0; ; after = all.at(-1)!.id) {
    const { events } = await installation.client.listEvents({ query: { after, limit: 500 } })
    if (events.length === 0) break
    all.push(...events)
  }
  expect(all.length).toBeGreaterThan(50)
  for (const secret of ['hush-hush', 'fl_', 'whsec_', installation.token])
    expect(JSON.stringify(all)).not.toContain(secret)
  const source = `http://localhost:${installation.port}`
  const { events: page } = await installation.client.listCdEvents({
    query: { after: 0, limit: 500 },
  })
  // Runs of earlier tests may still add events between the two requests.
  expect(page.slice(0, all.length)).toEqual(
    all.slice(0, 500).map((event) => toCdEvent(event, source)),
  )
})

test('events of a push name the user who pushed; those of Fairlead name no user', async () => {
  const { events } = await installation.client.listEvents({ query: { app: 'shop', limit: 500 } })
  // Fairlead itself merges what was taken over into the repository.
  const merged = events.filter(({ type }) => type === 'dev.cdevents.change.merged')
  expect(merged.find(({ actor }) => actor === 'this machine')).toMatchObject({
    by: { credential: 'machine', address: '127.0.0.1' },
  })
  expect(events.find(({ type }) => type === 'dev.cdevents.taskrun.started')?.by).toBeNull()
  expect(
    (
      await installation.cli(
        'events',
        '--actor',
        'ada',
        '--type',
        'dev.cdevents.repository.created',
      )
    ).stdout,
  ).toMatch(/app\/shop +Ada, session, from 127\.0\.0\.1/)
})
