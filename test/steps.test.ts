import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RunDetail } from '#contract/run/run.ts'
import { sql } from '#platform/postgres/sql.ts'
import { endedRun, push } from './support/app.ts'
import { fetchScript, makeRepository, type Repository, tinyServer } from './support/repository.ts'
import { type Installation, startInstallation } from './support/installation.ts'
import { waitFor } from './support/wait.ts'
import { commandsOf } from './support/processes.ts'
import { change } from './support/pull-request.ts'
import { startDocker } from './support/docker.ts'
import { requires } from './support/programs.ts'
import { longTest } from './support/scale.ts'

const rest = `
services:
  web:
    run: exec node -e 'require("http").createServer((_, a) => a.end()).listen(process.env.PORT)'
    health: /
environments: {production: {}}
`
const logOf = async (
  installation: Installation,
  run: number,
  step: string,
  attempt?: number,
): Promise<string[]> => {
  const query = attempt === undefined ? {} : { attempt }
  const { lines } = await installation.client.getLog({ params: { run, step }, query })
  return lines.map(({ text }) => text)
}

const docker = (...args: string[]): string =>
  execFileSync('docker', args, { encoding: 'utf8', stdio: 'pipe' }).trim()
const daemon = await startDocker()
afterAll(() => daemon.stop())

/** An image of this machine's Redis, so that none has to be fetched. */
function redisImage(): string {
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-image-'))
  const copy = `for file in $(command -v redis-server) $(ldd $(command -v redis-server) | grep -o '/[^ ]*'); do
    mkdir -p ${folder}$(dirname $file); cp -L $file ${folder}$file; done; mkdir ${folder}/data
    tar c -C ${folder} . | docker import -c 'CMD ["redis-server","--protected-mode","no"]' - fairlead/test-redis:1`
  execFileSync('sh', ['-c', copy], { stdio: 'pipe' })
  rmSync(folder, { recursive: true })
  return 'fairlead/test-redis:1'
}

describe('steps', () => {
  let installation: Installation
  const repositories: Repository[] = []
  beforeAll(async () => {
    installation = await startInstallation({ env: { FAIRLEAD_SCHEDULE_SECONDS: '0.5' } })
  })
  afterAll(async () => {
    await installation.stop()
    for (const repository of repositories) await repository.remove()
  })

  /** Pushes a first commit, and gives what pushes more: each answers its ended run. */
  const begin = async (app: string, files: Record<string, string>) => {
    const repository = await makeRepository({ ...files })
    repositories.push(repository)
    const deliver = async (more?: Record<string, string>): Promise<RunDetail> => {
      if (more) await repository.commit(more)
      await push(installation, app, repository)
      const { runs } = await installation.client.listRuns({ query: { app } })
      return endedRun(installation, runs[0]?.id ?? 0)
    }
    return { first: await deliver(), deliver }
  }
  const states = (run: RunDetail) =>
    Object.fromEntries(run.steps.map(({ name, state }) => [name, state]))

  test(
    'start their services first and stop them afterwards',
    requires('redis-server'),
    async () => {
      const yaml = `steps:
  test:
    run: |
      [ "$(redis-cli -h $MY_CACHE_HOST -p $MY_CACHE_PORT ping)" = PONG ]
      [ "$(node fetch.js http://$WEB_HOST:$WEB_PORT/)" = "hello from beside" ]
      echo "ports $MY_CACHE_PORT $WEB_PORT"
    services:
      my-cache: redis-server --port $PORT --save ""
      web: {run: 'sleep 0.3; exec node server.js', ready: 'node fetch.js http://127.0.0.1:$PORT/'}
${rest}`
      const { first } = await begin('beside', {
        'fairlead.yaml': yaml,
        'server.js': tinyServer('hello from beside'),
        'fetch.js': fetchScript,
      })
      expect(first).toMatchObject({ state: 'succeeded', reason: null })
      const log = (await logOf(installation, first.id, 'test')).join('\n')
      const [, ...ports] = /ports (\d+) (\d+)/.exec(log) ?? []
      expect(ports).toHaveLength(2)
      for (const port of ports) await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow()
    },
  )

  longTest('fail when a service does not become ready, with its last line', async () => {
    const yaml = (service: string): string =>
      `steps: {test: {run: echo never, services: {db: ${service}}}}${rest}`
    const { first, deliver } = await begin('dead', {
      'fairlead.yaml': yaml('{run: "echo no such disk; exit 3", timeout: 5s}'),
    })
    expect(first.reason).toMatch(
      /^step test failed: service db ended before the step started: .*exit.* 3; its last line was: no such disk$/,
    )
    const slow = await deliver({ 'fairlead.yaml': yaml('{run: "sleep 98765", timeout: 300ms}') })
    expect(slow.reason).toBe('step test failed: service db was not ready within 0.3 s')
    expect(await commandsOf(installation)).not.toContain('sleep 98765')
  })

  longTest(
    'run images as services and remove them, even after a crash',
    { ...daemon.required, ...requires('redis-server'), timeout: 90_000 },
    async () => {
      const image = redisImage()
      const yaml = (script: string): string =>
        `steps:
  test:
    run: |
      ${script}
      redis-cli -h $DB_HOST -p $DB_PORT ping
    services: {db: {image: ${image}, port: 6379, env: {HIDDEN: kept}}}
${rest}`
      const { first, deliver } = await begin('image', { 'fairlead.yaml': yaml('echo begin') })
      expect(first.reason).toBe(null)
      expect(await logOf(installation, first.id, 'test')).toContain('PONG')
      const name = `-${first.id + 1}-test-db`
      const slow = deliver({ 'fairlead.yaml': yaml('while [ ! -e go ]; do sleep 0.05; done') })
      await waitFor(
        'its container runs',
        async () => docker('ps', '-q', '--filter', `name=^fairlead-[0-9a-f]{12}${name}$`) !== '',
      )
      await installation.killServer()
      await installation.start()
      const workspace = join(installation.home, 'runs', String(first.id + 1), 'workspace')
      await waitFor('the run ends', async () => {
        // Again and again: a step that is repeated has a new workspace.
        if (existsSync(workspace)) writeFileSync(join(workspace, 'go'), '')
        return (await installation.client.getRun({ params: { run: first.id + 1 } })).ended !== null
      })
      await slow.catch(() => undefined)
      expect((await endedRun(installation, first.id + 1)).reason).toBe(null)
      expect(docker('ps', '-a', '-q', '--filter', 'name=fairlead-')).toBe('')
      const { deliver: next } = await begin('no-image', {
        'fairlead.yaml': yaml('echo begin').replace(image, 'none/such:1'),
      })
      const missing = await next({ more: '' })
      expect(missing.reason).toMatch(
        /^step test failed: service db ended before the step started: .*; its last line was: /,
      )
    },
  )

  test('run once for each combination of a matrix, in parallel', async () => {
    const meet =
      'touch $A; until [ -e one ] && [ -e two ]; do sleep 0.02; done; echo "$A in $FAIRLEAD_STEP"'
    const yaml = `steps: {test: {run: '${meet}', matrix: {A: [one, two]}, timeout: 20s}, pack: ls}${rest}`
    const { first } = await begin('matrix', { 'fairlead.yaml': yaml })
    expect(states(first)).toEqual({ 'test-one': 'passed', 'test-two': 'passed', pack: 'passed' })
    expect(first.steps[2]?.needs).toEqual(['test-one', 'test-two'])
    expect(await logOf(installation, first.id, 'test-two')).toEqual(['two in test-two'])
  })

  longTest('of which many are ready wait for each other, and say so', async () => {
    const number = Math.max(4, availableParallelism() * 2) + 2
    const run = 'while [ ! -e go ]; do sleep 0.05; done'
    const matrix = `{A: [${Array.from({ length: number }, (_, at) => at).join(', ')}]}`
    const repository = await makeRepository({
      'fairlead.yaml': `steps: {many: {run: '${run}', matrix: ${matrix}}}${rest}`,
    })
    repositories.push(repository)
    await push(installation, 'many', repository)
    const { runs } = await installation.client.listRuns({ query: { app: 'many' } })
    const id = runs[0]?.id ?? 0
    const waiting = async () => {
      const { steps } = await installation.client.getRun({ params: { run: id } })
      return steps.filter(({ state, reason }) => state === 'waiting' && reason !== null)
    }
    await waitFor('two steps wait', async () => (await waiting()).length === 2)
    expect((await waiting())[0]?.reason).toMatch(/^waits until fewer than \d+ steps run/)
    writeFileSync(join(installation.home, 'runs', String(id), 'workspace/go'), '')
    const { steps } = await endedRun(installation, id)
    expect(steps.map(({ state, reason }) => [state, reason])).toEqual(
      steps.map(() => ['passed', null]),
    )
  })

  test('show a line before it ends, in the log and on the command line', async () => {
    const repository = await makeRepository({
      'fairlead.yaml': `
steps: {ask: "printf 'Password? '; while [ ! -e go ]; do sleep 0.05; done; echo ok"}
environments: {production: {}}
`,
    })
    repositories.push(repository)
    await push(installation, 'asking', repository)
    const { runs } = await installation.client.listRuns({ query: { app: 'asking' } })
    const run = runs[0]?.id ?? 0
    await waitFor('the prompt is shown', async () =>
      (await logOf(installation, run, 'ask')).includes('Password? '),
    )
    const { stdout } = await installation.cli('logs', String(run), 'ask')
    expect(stdout).toBe('Password? \n')
    writeFileSync(join(installation.home, 'runs', String(run), 'workspace/go'), '')
    await endedRun(installation, run)
    expect(await logOf(installation, run, 'ask')).toEqual(['Password? ok'])
  })

  longTest('run in parts of about equal duration, estimated from earlier runs', async () => {
    const seconds: Record<string, number> = { a: 8, b: 4, c: 3, d: 1 }
    const script = `for f in $(cat $FAIRLEAD_TESTS); do
  case $f in ${Object.entries(seconds)
    .map(([name, took]) => `t/${name}.test) s=${took};;`)
    .join(' ')} esac
  echo "<testsuite name='x'><testcase name='$f' file='$f' time='$s'/></testsuite>" > out-$FAIRLEAD_PART-$(basename $f).xml
  echo $f
done
`
    const yaml = `steps: {test: {run: sh run.sh, split: {files: 't/*.test', into: 2}, reports: 'out-$FAIRLEAD_PART-*.xml', needs: []}}${rest}`
    const files = Object.fromEntries(Object.keys(seconds).map((name) => [`t/${name}.test`, '']))
    const { first, deliver } = await begin('split', {
      'fairlead.yaml': yaml,
      'run.sh': script,
      ...files,
    })
    const partsOf = async (run: RunDetail) =>
      Promise.all([1, 2].map((part) => logOf(installation, run.id, `test-${part}`)))
    expect((await partsOf(first)).flat().toSorted()).toEqual([
      't/a.test',
      't/b.test',
      't/c.test',
      't/d.test',
    ])
    expect(
      (await installation.client.getReport({ params: { run: first.id } })).tests,
    ).toMatchObject({ total: 4 })
    const second = await deliver({ more: '' })
    expect(await partsOf(second)).toEqual([['t/a.test'], ['t/b.test', 't/c.test', 't/d.test']])
  })

  longTest('keep folders between runs, identified by the content of files', async () => {
    const yaml = `steps: {build: {run: 'ls kept 2>/dev/null || echo nothing; mkdir -p kept; cp lock kept/$(cat lock); echo changed >> lock', cache: {paths: kept, key: lock}}}${rest}`
    const { first, deliver } = await begin('caches', { 'fairlead.yaml': yaml, lock: 'one' })
    expect(first.steps[0]?.cache).toBe('miss')
    expect(await logOf(installation, first.id, 'build')).toEqual(['nothing'])
    const same = await deliver({ other: '' })
    expect(same.steps[0]?.cache).toBe('hit')
    expect(await logOf(installation, same.id, 'build')).toEqual(['one'])
    const near = await deliver({ lock: 'two' })
    expect(near.steps[0]?.cache).toBe('near')
    expect((await deliver({ other: 'x' })).steps[0]?.cache).toBe('hit')
  })

  longTest('run when their inputs change in a folder or a dot file, or match nothing', async () => {
    const inputs = ['src', 'scr/**', '**/.env', 'src/[slug]/page']
    const steps = inputs.map(
      (pattern, i) => `  s${i}: {run: ls, needs: [], inputs: ['${pattern}']}`,
    )
    const { first, deliver } = await begin('inputs', {
      'fairlead.yaml': `steps:\n${steps.join('\n')}\n${rest}`,
      'src/.env': '1',
      'src/[slug]/page': '1',
    })
    const reusedIn = ({ steps: all }: RunDetail) => all.map(({ reused }) => reused !== null)
    expect(reusedIn(first)).toEqual([false, false, false, false])
    expect(first.warnings).toEqual([
      'step s1: inputs: the pattern "scr/**" matches no file, so its result is not reused',
    ])
    expect(reusedIn(await deliver({ more: '' }))).toEqual([true, false, true, true])
    expect(reusedIn(await deliver({ 'src/.env': '2' }))).toEqual([false, false, false, true])
    expect(reusedIn(await deliver({ 'src/[slug]/page': '2' }))).toEqual([false, false, true, false])
  })

  longTest('get a secret with its last newline; a missing path fails at once', async () => {
    const { first, deliver } = await begin('bytes', {
      'fairlead.yaml': `steps: {show: ls}${rest}`,
    })
    expect(first.state).toBe('succeeded')
    const file = join(mkdtempSync(join(tmpdir(), 'fairlead-')), 'key')
    writeFileSync(file, 'first line\nlast line\n')
    const set = ['secret', 'set', 'bytes', 'production', 'KEY', '--from-file', file]
    expect((await installation.cli(...set)).code).toBe(0)
    const steps = `{show: {run: 'printf %s "$KEY" | wc -c', secrets: KEY}}`
    const yaml = `steps: ${steps}\nartifact: dist${rest}`
    const second = await deliver({ 'fairlead.yaml': yaml })
    expect(await logOf(installation, second.id, 'show')).toEqual(['21'])
    expect(second).toMatchObject({
      state: 'failed',
      reason: 'artifact: include names "dist", but there is no such path after the steps',
    })
    const { events } = await installation.client.listEvents({
      query: { chain: second.change.chain, type: 'dev.cdeventsx.fairlead-step.repeated' },
    })
    expect(events).toEqual([])
  })

  test('reuse their result while all inputs are the same, with outputs and reports', async () => {
    const suite = '<testsuite name="s"><testcase name="adds"/></testsuite>'
    const yaml = `steps:
  build: {run: 'mkdir -p dist; date +%s%N > dist/made; cp suite.xml out.xml', inputs: [src/**, suite.xml], outputs: dist, reports: out.xml}
  show: cat dist/made
${rest}`
    const { first, deliver } = await begin('reuse', {
      'fairlead.yaml': yaml,
      'src/a': '1',
      'suite.xml': suite,
    })
    const made = await logOf(installation, first.id, 'show')
    const second = await deliver({ readme: 'x' })
    expect(second.steps[0]).toMatchObject({ state: 'passed', reused: first.id })
    expect(await logOf(installation, second.id, 'show')).toEqual(made)
    expect(await logOf(installation, second.id, 'build')).toEqual([
      `The result of run ${first.id} is reused, because all inputs of the step are the same.`,
    ])
    expect(
      (await installation.client.getReport({ params: { run: second.id } })).tests,
    ).toMatchObject({
      total: 1,
      passed: 1,
    })
    const third = await deliver({ 'src/a': '2' })
    expect(third.steps[0]).toMatchObject({ reused: null })
    expect(await logOf(installation, third.id, 'show')).not.toEqual(made)
    // Another command is another result, and a failed one is none.
    const broken = await deliver({
      'fairlead.yaml': yaml.replace('mkdir -p dist', 'mkdir -p dist; exit 1'),
    })
    expect(broken.steps[0]?.state).toBe('failed')
    expect((await deliver({ readme: 'y' })).steps[0]).toMatchObject({
      state: 'failed',
      reused: null,
    })
  })

  longTest('get the parameters of their run, and an invalid parameter fails the run', async () => {
    const yaml = `parameters: {LEVEL: {default: info, options: [info, debug]}, WHO: world}
steps: {say: 'echo "$LEVEL to $WHO"', nightly: {run: echo long, when: schedule}, byhand: {run: echo hand, when: [manual]}}${rest}`
    const { first } = await begin('given', { 'fairlead.yaml': yaml })
    expect(await logOf(installation, first.id, 'say')).toEqual(['info to world'])
    expect(states(first)).toEqual({ say: 'passed', nightly: 'skipped', byhand: 'skipped' })
    const asked = await installation.cli(
      'deliver',
      'given',
      '--set',
      'LEVEL=debug',
      '--set',
      'WHO=you all',
      '--wait',
    )
    expect(asked.code).toBe(0)
    const { runs } = await installation.client.listRuns({ query: { app: 'given' } })
    expect(runs[0]).toMatchObject({ trigger: 'manual' })
    expect(await logOf(installation, runs[0]?.id ?? 0, 'say')).toEqual(['debug to you all'])
    expect(states(await endedRun(installation, runs[0]?.id ?? 0))).toEqual({
      say: 'passed',
      nightly: 'skipped',
      byhand: 'passed',
    })
    const wrong = await installation.client.createRun({
      params: { app: 'given' },
      body: { parameters: { LEVEL: 'loud' } },
    })
    expect((await endedRun(installation, wrong.id)).reason).toBe(
      'the parameter LEVEL must be info or debug, not "loud"',
    )
    const unknown = await installation.client.createRun({
      params: { app: 'given' },
      body: { parameters: { NONE: 'x' } },
    })
    expect((await endedRun(installation, unknown.id)).reason).toBe(
      'the parameter NONE is unknown; fairlead.yaml declares LEVEL, WHO',
    )
  })

  longTest('retry only the failed tests and keep the results of the others', async () => {
    const all =
      '<testsuite name="s"><testcase name="good"/><testcase name="bad"><failure message="no"/></testcase></testsuite>'
    const one = '<testsuite name="s"><testcase name="bad"/></testsuite>'
    const yaml = `steps: {test: {run: 'cp all.txt out.xml; exit 1', rerun: 'cat "$FAIRLEAD_FAILED_TESTS"; cp one.txt out.xml', retry: 1, reports: out.xml}}${rest}`
    const { first } = await begin('again', {
      'fairlead.yaml': yaml,
      'all.txt': all,
      'one.txt': one,
    })
    expect(first).toMatchObject({ state: 'succeeded' })
    expect(await logOf(installation, first.id, 'test', 2)).toEqual(['bad'])
    const { tests } = await installation.client.listTests({ params: { run: first.id }, query: {} })
    expect(
      Object.fromEntries(tests.map(({ name, outcome, flaky }) => [name, [outcome, flaky.commits]])),
    ).toEqual({
      bad: ['passed', 1],
      good: ['passed', 0],
    })
  })

  longTest('that are optional stop only a gate that needs their reports', async () => {
    const yaml = (gates = ''): string =>
      `steps: {audit: {run: 'echo "{\\"message\\": \\"503\\", \\"error\\": {}}" > audit.json', reports: audit.json, optional: true}, pack: ls}${gates}${rest}`
    const { first, deliver } = await begin('optional', { 'fairlead.yaml': yaml() })
    expect(first).toMatchObject({ state: 'succeeded' })
    expect(states(first)).toEqual({ audit: 'failed', pack: 'passed' })
    expect(first.steps[0]?.reason).toBe(
      'the report audit.json states that npm audit did not complete: 503',
    )
    const asked = await deliver({
      'fairlead.yaml': yaml('\ngates: {findings: findings.size() == 0}'),
    })
    expect(asked.reason).toBe('gate findings: no step of this run has a findings report')
  })

  test('are enough for an app: without services, its artifact goes live', async () => {
    const yaml = 'steps: {test: ls}\nenvironments: {staging: {}, production: {}}\n'
    const { first, deliver } = await begin('library', { 'fairlead.yaml': yaml })
    expect(first).toMatchObject({ state: 'succeeded' })
    const second = await deliver({ more: '' })
    expect(second.deployments.map(({ deployment }) => deployment?.state)).toEqual(['live', 'live'])
  })

  longTest('of several apps in one repository run for the apps that a push changes', async () => {
    const yaml = `steps: {show: ls}${rest.replace('production: {}', 'production: {watch: 0}')}`
    const repository = await makeRepository({
      'web/fairlead.yaml': yaml,
      'web/index': '1',
      'api/fairlead.yaml': yaml,
      'api/index': '1',
    })
    repositories.push(repository)
    for (const name of ['web', 'api'])
      expect(
        (
          await installation.cli(
            'apps',
            'create',
            `of-${name}`,
            '--path',
            repository.folder,
            '--folder',
            name,
          )
        ).code,
      ).toBe(0)
    const latest = async (app: string, count: number): Promise<RunDetail> => {
      const runsOf = async () => (await installation.client.listRuns({ query: { app } })).runs
      await waitFor(`run ${count} of ${app}`, async () => (await runsOf()).length >= count)
      return endedRun(installation, (await runsOf())[0]?.id ?? 0)
    }
    const [web] = [await latest('of-web', 1), await latest('of-api', 1)]
    expect(web).toMatchObject({ state: 'succeeded' })
    expect(await logOf(installation, web.id, 'show')).toEqual(['fairlead.yaml', 'index'])
    await repository.commit({ 'api/index': '2' })
    expect(await latest('of-api', 2)).toMatchObject({ state: 'succeeded' })
    expect(await latest('of-web', 2)).toMatchObject({
      state: 'skipped',
      reason: `nothing in web has changed since run ${web.id}, which was deployed to production`,
    })
  })

  longTest('run on a schedule, once, although the server was killed', async () => {
    const yaml = `schedule: '* * * * *'\nsteps: {nightly: {run: echo long, when: schedule}}${rest}`
    const { first } = await begin('nightly', { 'fairlead.yaml': yaml })
    expect(states(first)).toEqual({ nightly: 'skipped' })
    const runsOf = async () =>
      (await installation.client.listRuns({ query: { app: 'nightly' } })).runs
    await installation.killServer()
    await installation.start()
    await waitFor('the schedule starts a run', async () => {
      // Moves the last due time back, so that the test does not wait for the next minute.
      await change(
        installation,
        sql`update scheduled_run set due = now() - interval '2 minutes'
          where app = 'nightly' and run is null`,
      )
      return (await runsOf()).length > 1
    })
    const [newest] = await runsOf()
    expect(newest).toMatchObject({ trigger: 'schedule' })
    expect(states(await endedRun(installation, newest?.id ?? 0))).toEqual({ nightly: 'passed' })
  })
})
