import {
  ask,
  endedRun,
  type Installation,
  makeRepository,
  push,
  type Repository,
  waitFor,
} from '../../test/support/installation.ts'
import { canariesOf, server } from '../../test/support/canary.ts'
import { tinyServer } from '../../test/support/installation.ts'

/** A page of the console in one state: its name in file names, and its path. */
export interface Shot {
  name: string
  path: string
}

const shopFile = (approve: string): string => `
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
environments:
  dev: {}
  staging: {}
  production: {${approve}}
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
    'fairlead.yaml': shopFile(''),
  })
  const first = await deliver('shop', shop)
  await endedRun(installation, first)
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
    'server.js': tinyServer('one'),
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
    120,
  )
  for (const load of loads) await load.stop()
  await waitFor('the approval', async () => {
    const run = await installation.client.getRun({ params: { run: waiting } })
    if (run.ended !== null) throw new Error(`The run that waits ended: ${run.reason}`)
    return run.deployments.some(({ deployment }) => deployment?.state === 'waiting')
  })
  await ask(installation, 'shop', 'dev')
  const verdict = async (run: number): Promise<string> =>
    `/deployments/${(await canaries.verdictOf(run)).deployment}/verdict`
  return {
    shots: [
      { name: 'home', path: '/' },
      { name: 'apps', path: '/apps' },
      { name: 'app', path: '/apps/shop' },
      { name: 'app-runs', path: '/apps/shop/runs' },
      { name: 'app-pull-requests', path: '/apps/shop/pull-requests' },
      { name: 'app-environments', path: '/apps/shop/environments' },
      { name: 'app-configuration', path: '/apps/shop/configuration' },
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
      { name: 'verdict-healthy', path: await verdict(runs.healthy) },
      { name: 'verdict-harmful', path: await verdict(runs.harmful) },
      { name: 'verdict-quiet', path: await verdict(runs.quiet) },
      { name: 'events', path: '/events' },
      { name: 'tokens', path: '/tokens' },
      { name: 'users', path: '/users' },
      { name: 'sessions', path: '/sessions' },
      { name: 'not-found', path: '/nowhere' },
      { name: 'run-unknown', path: '/runs/9999' },
      { name: 'verdict-unknown', path: '/deployments/9999/verdict' },
    ],
    stop: () => canaries.remove(),
  }
}
