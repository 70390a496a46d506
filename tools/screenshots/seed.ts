import type { Client } from '#contract/client.ts'
import { ask, endedRun, push } from '../../test/support/app.ts'
import type { Installation } from '../../test/support/installation.ts'
import { makeRepository, type Repository } from '../../test/support/repository.ts'
import { waitFor } from '../../test/support/wait.ts'
import { openAlert } from '../../test/support/alert.ts'
import { storeMetrics } from '../../test/support/metrics.ts'
import { storeCounts } from '../../test/support/slo.ts'
import { canariesOf, server } from '../../test/support/canary.ts'
import { tinyServer } from '../../test/support/repository.ts'

/** A page of the console in one state: its name in file names, and its path. */
export interface Shot {
  name: string
  path: string
}

const shopFile = (approve: string): string => `
switches:
  auto-recharge: {default: true, owner: payments, description: Charges a card at a low balance}
  checkout: {type: string, default: old, variants: {old: v1, new: v2}}
  mail: true
steps:
  install: {run: 'echo installed'}
  unit: {run: sh test.sh, needs: install, reports: [tests.xml, lcov.info]}
  lint: {run: sh colours.sh, needs: install}
  types: {run: 'true', needs: install}
  build: {run: 'true', needs: [lint, types]}
  e2e: {run: 'for i in $(seq 1 400); do echo "line $i of many"; done', needs: [build]}
  docs: {run: 'true', needs: []}
gates:
  coverage: coverage.changed >= 80
  tests: tests.failed == 0
services:
  web: {run: exec node server.js, health: /}
jobs:
  report: {run: sh report.sh, schedule: '0 3 * * *', zone: Europe/Vienna, environments: production}
  reindex: sh reindex.sh --all
monitors: {homepage: {http: /}}
experiments:
  frozen-web:
    action: pause
    service: web
    environments: [staging, production]
    for: 30s
    expect: {alert: homepage, within: 20s}
  full-disk:
    action: disk
    service: web
    environments: staging
    for: 1m
    parameters: {megabytes: 100}
environments:
  dev: {}
  staging: {}
  production: {${approve}}
slo: {available: 99.9}
`

const failure = '<failure message="expected 3, received 4">at cart.test.js:12</failure>'

const testScript = (missed: boolean, fails: boolean): string => `
cat > tests.xml <<'X'
<testsuite name="cart">
<testcase classname="cart" name="adds" time="0.12"/>
<testcase classname="cart" name="pays" time="0.34">${fails ? failure : ''}</testcase>
</testsuite>
X
printf 'SF:cart.js\\nDA:2,1\\nDA:3,${missed ? 0 : 1}\\nDA:4,1\\nend_of_record\\n' > lcov.info
echo "2 tests, ${fails ? 1 : 0} failed" >&2
${fails ? 'exit 1' : ''}
`

const reindex = `
for i in $(seq 1 12); do echo "Indexed $((i * 100)) of 1200 products"; done
printf '\\033[31mERROR\\033[0m product 1187 has no price\\n' >&2
exit 3
`

/** Every style of a terminal that a log shows. */
const colours = `
for i in $(seq 30 37) $(seq 90 97); do printf "\\033[\${i}mcolour $i\\033[0m "; done; echo
for i in $(seq 40 47) $(seq 100 107); do printf "\\033[\${i}mback $i\\033[0m "; done; echo
for i in 17 22 52 88 93 124 160 196 202 220 226 231 236 244 250 255
do printf "\\033[38;5;\${i}mtext $i\\033[0m \\033[48;5;\${i}mback $i\\033[0m "; done; echo
printf '\\033[1mbold\\033[0m \\033[2mfaint\\033[0m \\033[3mitalic\\033[0m '
printf '\\033[4munderline\\033[0m '
printf '\\033[7minverse\\033[0m \\033[9mstrike\\033[0m \\033[31;7minverse red\\033[0m\\n'
`

const cart = (query: string): string => `export function pay(db, who) {
  const all = ${query}
  return all.filter((one) => one.who === who)
}
`

/** A review with one section that people wrote, and an action that is overdue. */
async function reviewIncident(client: Client, incident: number): Promise<void> {
  const params = { incident }
  const { version } = await client.createReview({ params })
  const luck = 'Somebody was **awake**. The recharge ran only once an hour at night.'
  await client.changeReview({ params, body: { version, sections: { luck } } })
  const action = { title: 'Test that a card is charged once', due: '2026-01-31' }
  const proof = { kind: 'test', name: 'cart › pays' } as const
  await client.createReviewAction({ params, body: { ...action, proof } })
}

/** Fills an installation with apps in every state that a page can show. */
export async function seed(
  installation: Installation,
  repositories: Repository[],
): Promise<{ shots: Shot[]; stop: () => Promise<void> }> {
  const make = async (files: Record<string, string>): Promise<Repository> => {
    const repository = await makeRepository(files)
    repositories.push(repository)
    return repository
  }
  const newest = async (app: string): Promise<number> =>
    (await installation.client.listRuns({ query: { app, limit: 1 } })).runs[0]?.id ?? 0
  const deliver = async (app: string, repository: Repository): Promise<number> => {
    await push(installation, app, repository)
    return newest(app)
  }

  const shop = await make({
    'server.js': tinyServer('one'),
    'cart.js': cart('db.all()'),
    'test.sh': testScript(false, false),
    'colours.sh': colours,
    'report.sh': 'echo "42 orders"',
    'reindex.sh': reindex,
    'fairlead.yaml': shopFile(''),
  })
  const first = await deliver('shop', shop)
  await endedRun(installation, first)
  const production = { app: 'shop', environment: 'production' }
  const { client } = installation
  const endedJob = async ({ id }: { id: number }): Promise<number> => {
    await waitFor(`run ${id} of a job ends`, async () => {
      const { ended } = await client.getJobRun({ params: { app: 'shop', jobRun: id } })
      return ended !== null
    })
    return id
  }
  await endedJob(await client.runJob({ params: { ...production, job: 'report' } }))
  await endedJob(await client.runCommand({ params: production, body: { command: 'ls | wc -l' } }))
  const job = await endedJob(await client.runJob({ params: { ...production, job: 'reindex' } }))
  const long = Array.from({ length: 3000 }, (_, n) => `export const line${n} = ${n}`).join('\n')
  await shop.commit(
    { 'cart.js': cart('db.every()'), 'test.sh': testScript(true, false) },
    'Read every payment',
  )
  const stopped = await deliver('shop', shop)
  await endedRun(installation, stopped)
  await shop.commit({ 'test.sh': testScript(false, true) }, 'Break a test')
  const failed = await deliver('shop', shop)
  await endedRun(installation, failed)
  await shop.commit(
    {
      'test.sh': testScript(false, false),
      'notes.txt': long,
      'fairlead.yaml': shopFile('approve: {by: [Bob], count: 1}'),
    },
    'Ask Bob before production',
  )
  const waiting = await deliver('shop', shop)

  const crash = await make({
    'server.js': `${tinyServer('one')}\nconsole.error(new TypeError('no ledger'))`,
    'fairlead.yaml':
      'services: {web: {run: exec node server.js, health: /}}\nenvironments: {production: {}}\n',
  })
  await endedRun(installation, await deliver('mail', crash))
  await crash.commit({ 'server.js': "throw new TypeError('no ledger')" }, 'Crash at start')
  const crashed = await deliver('mail', crash)
  await endedRun(installation, crashed)

  const canaries = canariesOf(() => installation)
  const canary = async (app: string, settings: string, fails: number) => {
    const repository = await canaries.live(app, settings)
    const run = await canaries.deliver(app, repository, server('2', fails))
    await waitFor(`the canary of ${app}`, () => canaries.isCanary(run))
    return run
  }
  const runs = {
    healthy: await canary('healthy', 'steps: [50], least: 600s, most: 3600s', 0),
    harmful: await canary('harmful', 'steps: [50], least: 600s, most: 3600s', 4),
    quiet: await canary('quiet', 'steps: [1, 10, 50], least: 600s, most: 3600s', 0),
  }
  const loads = ['healthy', 'harmful'].map((app) => canaries.load(app))
  await waitFor(
    'the verdicts',
    async () => {
      const [healthy, harmful] = await Promise.all([
        canaries.verdictOf(runs.healthy),
        canaries.verdictOf(runs.harmful),
      ])
      return healthy.judgement.verdict === 'healthy' && harmful.ended !== null
    },
    300,
  )
  // On a busy machine a request may fail; the pages show what was counted.
  for (const load of loads) await load.stop().catch(() => undefined)
  await waitFor('the approval', async () => {
    const run = await installation.client.getRun({ params: { run: waiting } })
    if (run.ended !== null) throw new Error(`The run that waits ended: ${run.reason}`)
    return run.deployments.some(({ deployment }) => deployment?.state === 'waiting')
  })
  await ask(installation, 'shop', 'dev')
  const inProduction = { app: 'shop', environment: 'production' }
  const alert = await openAlert(installation, inProduction)
  const incident = await client.openIncident({
    params: { app: 'shop' },
    body: { title: 'Cards are charged twice', environment: 'production', severity: 'critical' },
  })
  const note = { text: 'The card processor confirms it for 12 accounts.' }
  await client.noteIncident({ params: { incident: incident.id }, body: note })
  await reviewIncident(client, incident.id)
  const objective = await storeCounts(installation, { ...inProduction, days: 28 })
  await storeMetrics(installation, { ...inProduction, service: 'web' })
  for (const name of ['Eve', 'Bob']) await installation.client.createUser({ body: { name } })
  await installation.client.putRota({
    params: { rota: 'primary' },
    body: {
      zone: 'Europe/Vienna',
      layers: [{ people: ['Eve', 'Bob'], start: '2026-01-05T09:00' }],
    },
  })
  const off = { serve: { variant: 'off' } }
  await installation.client.setSwitch({
    params: { ...inProduction, switch: 'auto-recharge' },
    body: { setting: off, reason: 'cards are charged twice' },
  })
  const share = {
    serve: { variant: 'old' },
    split: [{ percent: 10, serve: { variant: 'new' } }],
  }
  await installation.client.setSwitch({
    params: { ...inProduction, switch: 'checkout' },
    body: { setting: share },
  })
  // Nothing listens there, so that no message leaves the machine.
  const nowhere = 'http://127.0.0.1:9'
  await installation.client.putChannel({
    params: { channel: 'eve-phone' },
    body: {
      kind: 'ntfy',
      settings: { topic: 'eve', server: nowhere },
      person: 'Eve',
      urgency: 'high',
    },
  })
  await installation.client.putChannel({
    params: { channel: 'team' },
    body: { kind: 'slack', settings: { url: nowhere } },
  })
  let error = 0
  await waitFor('the crash is grouped as an error', async () => {
    error = (await installation.client.listErrors({ query: { app: 'mail' } })).errors[0]?.id ?? 0
    return error > 0
  })
  const verdict = async (run: number): Promise<string> =>
    `/deployments/${(await canaries.verdictOf(run)).deployment}/canary`
  const experiment = await installation.client.runExperiment({
    params: { app: 'shop', environment: 'production', experiment: 'frozen-web' },
  })
  return {
    shots: [
      { name: 'home', path: '/' },
      { name: 'apps', path: '/apps' },
      { name: 'app', path: '/apps/shop' },
      { name: 'app-runs', path: '/apps/shop/runs' },
      { name: 'app-pull-requests', path: '/apps/shop/pull-requests' },
      { name: 'app-environments', path: '/apps/shop/environments' },
      { name: 'app-configuration', path: '/apps/shop/configuration' },
      { name: 'app-jobs', path: '/apps/shop/jobs' },
      { name: 'app-jobs-none', path: '/apps/mail/jobs' },
      { name: 'job-run', path: `/apps/shop/job-runs/${job}` },
      { name: 'app-experiments', path: '/apps/shop/experiments' },
      { name: 'experiment-run', path: `/apps/shop/experiment-runs/${experiment.id}` },
      { name: 'app-insights', path: '/apps/shop/trends' },
      { name: 'app-settings', path: '/apps/shop/settings' },
      { name: 'environment', path: '/apps/shop/environments/production' },
      { name: 'environment-failed', path: '/apps/mail/environments/production' },
      { name: 'environment-canary', path: '/apps/quiet/environments/production' },
      { name: 'runs', path: '/runs' },
      { name: 'run-waiting', path: `/runs/${waiting}` },
      { name: 'run-failed', path: `/runs/${failed}` },
      { name: 'run-gates', path: `/runs/${stopped}` },
      { name: 'run-crashed', path: `/runs/${crashed}` },
      { name: 'run-log', path: `/runs/${first}?step=e2e` },
      { name: 'run-colours', path: `/runs/${first}?step=lint` },
      { name: 'run-canary', path: `/runs/${runs.quiet}` },
      { name: 'change', path: `/runs/${waiting}/change` },
      { name: 'change-stopped', path: `/runs/${stopped}/change` },
      { name: 'change-failed', path: `/runs/${failed}/change` },
      { name: 'run-events', path: `/runs/${failed}/events` },
      { name: 'deployments', path: '/deployments' },
      { name: 'figures', path: '/deployments/figures' },
      { name: 'canary-healthy', path: await verdict(runs.healthy) },
      { name: 'canary-harmful', path: await verdict(runs.harmful) },
      { name: 'canary-quiet', path: await verdict(runs.quiet) },
      { name: 'events', path: '/events' },
      { name: 'alerts', path: '/alerts' },
      { name: 'alert', path: `/alerts/${alert}` },
      { name: 'incidents', path: '/incidents' },
      { name: 'incident', path: `/incidents/${incident.id}` },
      { name: 'review', path: `/incidents/${incident.id}/review` },
      { name: 'reviews', path: '/incidents/reviews' },
      { name: 'status-page', path: '/status-page' },
      { name: 'monitors', path: '/monitors' },
      { name: 'app-monitors', path: '/apps/quiet/monitors?period=60&environment=production' },
      { name: 'app-objectives', path: '/apps/shop/monitors?period=60&environment=production' },
      { name: 'objective', path: `/apps/shop/monitors/${objective}` },
      { name: 'on-call', path: '/on-call' },
      { name: 'channels', path: '/channels' },
      { name: 'errors', path: '/errors' },
      { name: 'error', path: `/errors/${error}` },
      { name: 'tokens', path: '/tokens' },
      { name: 'hosts', path: '/hosts' },
      { name: 'users', path: '/users' },
      { name: 'sessions', path: '/sessions' },
      { name: 'not-found', path: '/nowhere' },
      { name: 'run-unknown', path: '/runs/9999' },
      { name: 'canary-unknown', path: '/deployments/9999/canary' },
    ],
    stop: () => canaries.remove(),
  }
}
