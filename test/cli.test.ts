import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openDatabase } from '#platform/postgres/postgres.ts'
import { sql } from '#platform/postgres/sql.ts'
import { selfCommand } from '#platform/self.ts'
import { requiresIsolation } from './support/isolation.ts'
import { ask, push } from './support/app.ts'
import { type Installation, startInstallation } from './support/installation.ts'
import { makeRepository, type Repository, tinyApp, tinyServer } from './support/repository.ts'
import { waitFor } from './support/wait.ts'
import { requires } from './support/programs.ts'

let installation: Installation
let repository: Repository
beforeAll(async () => {
  installation = await startInstallation()
  repository = await makeRepository(tinyApp('one', '\nenvironments: {production: {}}\n'))
})
afterAll(async () => {
  await installation.stop()
  await repository.remove()
})

/** A command line on a machine with no installation. */
function elsewhere(
  args: string[],
  env: Record<string, string> = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  const [command, ...rest] = selfCommand(...args)
  return new Promise((resolve) => {
    execFile(
      command,
      rest,
      {
        env: {
          PATH: process.env['PATH'] ?? '',
          HOME: '/nonexistent',
          FAIRLEAD_HOME: '/nonexistent/fairlead',
          ...env,
        },
      },
      (error, stdout, stderr) =>
        resolve({
          code: error ? Number((error as { code?: number }).code ?? 1) : 0,
          stdout,
          stderr,
        }),
    )
  })
}

describe('up', () => {
  test('delivers HEAD in plain lines, prints the address, and exits 0', async () => {
    const { code, stdout } = await installation.command('up', repository.folder, '--app', 'shop')
    expect(stdout).toMatch(/\[\d\d:\d\d:\d\d\] test passed in [\d.]+ s/)
    expect(stdout).toContain(`http://shop.production.localhost:${installation.edgePort}`)
    expect(stdout).toContain('✔ shop is live in production')
    expect(stdout).toContain('Nothing to compare with: there was no good release')
    expect(stdout).not.toContain('\u001b[')
    expect(code).toBe(0)
  })

  test('the same again is answered with what is live', async () => {
    const { code, stdout } = await installation.cli(
      'up',
      repository.folder,
      '--app',
      'shop',
      '--json',
    )
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ run: { id: 1, state: 'succeeded' } })
  })

  test('a failing step exits 1, with its reason and the end of its log', async () => {
    await repository.commit({ 'server.js': 'this is no javascript' }, 'Break it')
    const { code, stdout } = await installation.command('up', repository.folder, '--app', 'shop')
    expect(code).toBe(1)
    expect(stdout).toContain('SyntaxError')
    expect(stdout).toContain('step test failed')
    expect((await installation.cli('status')).stdout).toMatch(/✘ failed run \d+ .*Break it/)
    await repository.commit({ 'server.js': tinyServer('two') }, 'Mend it')
  })

  test('a service that fails to start exits 1, with its first error and its end', async () => {
    const crash = "console.log('FATAL: no ledger'); for (let i = 0; i < 30; i++) console.log(i)"
    const fresh = await makeRepository({
      'server.js': `${crash}; process.exit(3)`,
      'fairlead.yaml': 'services: {web: node server.js}\nenvironments: {production: {}}\n',
    })
    const { code, stdout } = await installation.cli('up', fresh.folder, '--app', 'crashes')
    expect(code).toBe(1)
    expect(stdout).toMatch(/web\.0 │ FATAL: no ledger\n…\nweb\.0 │ 10\n(.*\n)+web\.0 │ 29\n/)
    expect(stdout).toMatch(/✘ failed: production: web exited with 3; its first error: FATAL: no l/)
    const output = await installation.cli('output', 'crashes', 'production', '--lines', '1')
    expect(output.stdout).toMatch(
      /^Deployment \d+ failed: web exited with 3.*\n.*FATAL.*\n…\n.* 29/,
    )
    const { failed } = JSON.parse(
      (await installation.cli('output', 'crashes', 'production', '--json')).stdout,
    ) as { failed: { deployment: number } }
    const one = ['--deployment', String(failed.deployment), '--lines', '1']
    expect((await installation.cli('output', 'crashes', 'production', ...one)).stdout).toMatch(/29/)
    await fresh.remove()
  })

  test('uncommitted changes are named, and HEAD is delivered', async () => {
    await writeFile(join(repository.folder, 'scratch.txt'), 'x')
    const { code, stdout } = await installation.cli('up', repository.folder, '--app', 'shop')
    expect(stdout).toContain('There are uncommitted changes; Fairlead delivers HEAD.')
    expect(code).toBe(0)
    await rm(join(repository.folder, 'scratch.txt'))
  })

  test('an uncommitted fairlead.yaml is refused; files of its steps are no change', async () => {
    const fresh = await makeRepository({ 'README.md': 'x' })
    const yaml = 'steps: { test: { run: "true", reports: [junit.xml] } }\n'
    await writeFile(join(fresh.folder, 'fairlead.yaml'), yaml)
    const { code, stderr } = await installation.cli('up', fresh.folder)
    expect(code).toBe(1)
    expect(stderr).toContain('it is not committed')
    await fresh.commit({ 'fairlead.yaml': yaml }, 'Deliver')
    await writeFile(join(fresh.folder, 'junit.xml'), '<testsuite/>')
    const up = await installation.cli('up', fresh.folder, '--app', 'fresh', '--no-wait')
    expect(up.stdout).not.toContain('uncommitted')
    await fresh.remove()
  })

  test('on a terminal, up offers to commit the fairlead.yaml', async () => {
    const fresh = await makeRepository({ 'README.md': 'x', 'site/index.html': 'hello' })
    await writeFile(
      join(fresh.folder, 'fairlead.yaml'),
      'services: { web: { static: site } }\nenvironments: { dev: {} }\n',
    )
    const command = selfCommand('up', fresh.folder, '--app', 'offered', '--no-wait').join(' ')
    const names = ['AUTHOR', 'COMMITTER'].flatMap((who) => [
      [`GIT_${who}_NAME`, 'Ann'],
      [`GIT_${who}_EMAIL`, 'ann@example.com'],
    ])
    const home = { FAIRLEAD_HOME: installation.home }
    const env = { ...process.env, ...home, ...(Object.fromEntries(names) as object) }
    const terminal = execFile('script', ['-qec', command, '/dev/null'], { env })
    let output = ''
    terminal.stdout?.on('data', (chunk: string) => (output += chunk))
    await waitFor('it asks', async () => output.includes('Commit it now? [Y/n]'))
    terminal.stdin?.write('\n')
    await waitFor('it delivers', async () => output.includes('Add fairlead.yaml” of offered'))
    await fresh.remove()
  })

  test('restart refuses a service that would not come back', requiresIsolation, async () => {
    const run = [
      'test ! -f "$FAIRLEAD_DATA_DIR/broken" || exit 7',
      'test -z "$TORN" || exit 8',
      'exec node server.js',
    ].join('; ')
    const breakable = await makeRepository({
      'server.js': tinyServer('one'),
      'fairlead.yaml': JSON.stringify({
        services: { web: { run, keeps: true } },
        environments: { production: {} },
      }),
    })
    await installation.cli('up', breakable.folder, '--app', 'breakable')
    const at = ['breakable', 'production', 'web']
    const good = await installation.cli('rehearse', ...at)
    expect(good.stdout).toContain('web would come back')
    expect(good.code).toBe(0)
    const restarted = await installation.cli('restart', ...at)
    expect(restarted.stdout).toBe('web was restarted and is healthy\n')
    await writeFile(join(installation.home, 'host/data/breakable/production/web/broken'), '')
    const bad = await installation.cli('rehearse', ...at)
    expect(bad.stdout).toContain('web would not come back: web exited with 7')
    expect(bad.code).toBe(1)
    const { attention } = await installation.client.getHome()
    expect(attention).toContainEqual(
      expect.objectContaining({ kind: 'would_not_return', app: 'breakable' }),
    )
    const refused = await installation.cli('restart', ...at)
    expect(refused.stderr).toContain('After a restart, web would not come back: web exited with 7')
    expect(refused.code).toBe(1)
    const mute = await installation.cli('restart', ...at, '--force')
    expect(mute.stderr).toContain('--reason: is required with --force')
    await rm(join(installation.home, 'host/data/breakable/production/web/broken'))
    const forced = await installation.cli('restart', ...at, '--force', '--reason', 'for the test')
    expect(forced.code).toBe(0)
    const listed = await installation.cli('rehearsals', 'breakable', 'production')
    expect(listed.stdout.split('\n').filter(Boolean)).toHaveLength(4)
    const params = { app: 'breakable', environment: 'production' }
    const { deployment } = await installation.client.changeConfiguration({
      params,
      body: { variables: { TORN: 'yes' } },
    })
    await waitFor('the deployment is refused', async () => {
      const id = { deployment: deployment?.id ?? 0 }
      const { reason } = await installation.client.getDeployment({ params: id })
      return reason?.startsWith('web would not come back: web exited with 8') ?? false
    })
    const { services } = await installation.client.listRehearsals({ params, query: {} })
    expect(services[0]?.rehearsal).toMatchObject({ cause: 'deployment', state: 'fails' })
    await breakable.remove()
  })

  test('drift is found, taken over as a commit, and put right', async () => {
    const template = '{\n  "pool": 5,\n\n\n  "environment": "{{ fairlead.environment }}"\n}\n'
    const drifting = await makeRepository({
      'server.js': tinyServer('one'),
      'app.liquid': template,
      'fairlead.yaml': JSON.stringify({
        config: { files: { 'app.json': 'app.liquid' } },
        services: { web: { run: 'exec node server.js', memory: 256 } },
        environments: { production: {} },
      }),
    })
    await push(installation, 'drifting', drifting)
    const place = { app: 'drifting', environment: 'production' }
    await waitFor('it is live', async () => {
      const { current } = await installation.client.getEnvironment({ params: place })
      return current !== null
    })
    const drift = (verb: string, ...more: string[]) =>
      installation.cli('drift', verb, 'drifting', 'production', ...more)
    const fresh = await drift('check')
    expect(fresh.stdout).toMatch(/^0 differences in 4 files and 1 process,/)
    expect(fresh.code).toBe(0)
    const { current } = await installation.client.getEnvironment({ params: place })
    const folder = join(installation.home, 'host/files/drifting/production')
    const file = join(folder, String(current?.release), 'web/app.json')
    await writeFile(file, (await readFile(file, 'utf8')).replace('5', '9'))
    const changed = await drift('check')
    expect(changed.stdout).toMatch(/web: file app\.json, since .*\n(.*\n)+.*what runs changes\n/)
    expect(changed.code).toBe(1)
    const { attention } = await installation.client.getHome()
    expect(attention).toContainEqual(expect.objectContaining({ kind: 'drift', app: 'drifting' }))
    const [one] = (await installation.client.listDrift({ params: place })).differences
    const id = String(one?.id)
    expect((await drift('patch', id)).stdout).toContain('-  "pool": 5,\n+  "pool": 9,')
    expect((await drift('take-over', id)).stdout).toContain(`The branch drift-${id} has the commit`)
    expect((await drift('take-over', id)).stderr).toContain('exists: merge it, or delete it')
    const bare = join(installation.home, 'repositories/drifting.git')
    const taken = await drifting.git('-C', bare, 'show', `drift-${id}:app.liquid`)
    expect(taken).toBe(template.replace('5', '9'))
    expect((await drift('repair', id)).stdout).toBe('It no longer differs\n')
    expect((await drift('check')).code).toBe(0)
    expect(await readFile(file, 'utf8')).toContain('"pool": 5')
    await drifting.remove()
  })

  test('a playbook is planned and applied to machines', requires('ansible'), async () => {
    const playbook =
      '- hosts: web\n  gather_facts: false\n  tasks:\n    - name: Greet\n' +
      '      copy: { content: hello, dest: /tmp/greeting }\n'
    const local = { vars: { ansible_connection: 'local' } }
    const machines = {
      playbook: 'site.yml',
      hosts: { 'web-1': { groups: 'web', ...local }, 'db-1': { groups: 'db', ...local } },
    }
    const fleet = await makeRepository({
      'site.yml': playbook,
      'fairlead.yaml': JSON.stringify({ environments: { production: { machines } } }),
    })
    await push(installation, 'fleet', fleet)
    const { client } = installation
    const params = { app: 'fleet' }
    await waitFor('the playbook is applied', async () => {
      const { machineRuns } = await client.listMachineRuns({ params, query: {} })
      return machineRuns.some(({ mode, ended }) => mode === 'apply' && ended !== null)
    })
    const all = (await client.listMachineRuns({ params, query: {} })).machineRuns
    const machineRuns = all.filter(({ mode }) => mode !== 'check')
    expect(
      machineRuns.map(({ mode, state, total, reason }) => [mode, state, total, reason]),
    ).toEqual([
      ['apply', 'passed', 1, null],
      ['plan', 'passed', 1, null],
    ])
    const listed = await installation.cli('machines', 'list', 'fleet', 'production')
    expect(listed.stdout).toMatch(/^web-1 +1 change +release \d+ \([0-9a-f]{7}\) +applied /)
    const shown = await installation.cli('machines', 'show', 'fleet', String(machineRuns[1]?.id))
    expect(shown.stdout).toContain('for fleet/production: would make 1 change on 1 machine\n')
    expect(shown.stdout).toContain('web-1: Greet (site.yml:4): copy /tmp/greeting\n')
    expect(shown.stdout).toContain('    +++ after: /tmp/greeting\n')
    expect(shown.stdout).toContain('    +hello\n')
    const logs = await installation.cli('machines', 'logs', 'fleet', String(machineRuns[0]?.id))
    expect(logs.stdout).toContain('\nweb-1: changed: Greet: copy /tmp/greeting\n')
    await fleet.remove()
  })

  test('an app in a workspace is delivered with its modules and packages', async () => {
    // As npm, Yarn and pnpm install: modules at the root, and links to the packages there.
    const install = 'cd ../.. && mkdir node_modules && ln -s ../packages/words node_modules/words'
    const mono = await makeRepository({
      'package.json': '{"workspaces": ["apps/*", "packages/*"]}',
      'packages/words/package.json': '{"name": "words"}',
      'packages/words/index.js': 'module.exports = "of the workspace"',
      'packages/other/package.json': '{"name": "other"}',
      'apps/web/package.json': '{"name": "web", "dependencies": {"words": "1"}}',
      'apps/web/server.js': tinyServer('').replace(
        '""',
        `[require('words'), ...require('fs').readdirSync('../../packages'),
          ...require('fs').readdirSync('.')].join(' ')`,
      ),
      'apps/web/site/index.html': 'a site',
      'apps/web/fairlead.yaml': `
steps: { install: ${install} }
artifact: { exclude: [site, ../../nothing] }
services: { web: node server.js }
environments: { dev: {} }
`,
    })
    const above = await installation.cli('up', mono.folder)
    expect(above.stderr).toContain('Name the folder of an app: apps/web')
    const inside = join(mono.folder, 'apps/web/site')
    expect((await installation.cli('check', inside)).stdout).toContain('steps         install')
    const up = await installation.cli('up', inside)
    expect(up.stdout).toContain('✔ web is live in dev')
    const warning = 'artifact.exclude: the pattern "../../nothing" leaves out nothing'
    expect(up.stdout).toContain(`warning: ${warning}`)
    const app = await installation.client.getApp({ params: { app: 'web' } })
    expect(app.folder).toBe('apps/web')
    const { text } = await ask(installation, 'web', 'dev')
    expect(text).toBe('of the workspace words fairlead.yaml package.json server.js')
    await mono.remove()
  })

  test('a folder that is no repository, and one without fairlead.yaml, are refused in a sentence', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'fairlead-none-'))
    expect((await installation.cli('up', folder)).stderr).toContain('cannot be used')
    const empty = await makeRepository({ 'README.md': 'nothing' })
    const { code, stderr } = await installation.cli('up', empty.folder)
    expect(code).toBe(1)
    expect(stderr).toContain('there is no such file')
    expect(stderr).toContain('fairlead init')
    await empty.remove()
    await rm(folder, { recursive: true })
  })
})

test('files that fairlead run left are no uncommitted changes, those of the user are', async () => {
  const fresh = await makeRepository({
    'fairlead.yaml': 'steps: { build: "mkdir -p dist && echo x > dist/a && echo y > notes" }\n',
    'apps/web/fairlead.yaml': 'steps: { build: "echo z > out" }\n',
  })
  for (const folder of [fresh.folder, join(fresh.folder, 'apps/web')])
    expect((await installation.cli('run', '-C', folder)).code).toBe(0)
  const up = () => installation.cli('up', fresh.folder, '--app', 'after-run', '--no-wait')
  expect((await up()).stdout).not.toContain('uncommitted')
  await writeFile(join(fresh.folder, 'mine'), 'x')
  expect((await up()).stdout).toContain('There are uncommitted changes')
  await fresh.remove()
})

describe('--json after the command', () => {
  test.each([
    [['tokens', 'create', 'json'], { name: 'json', role: 'developer' }],
    [['users', 'add', 'Json', '--role', 'viewer'], { name: 'Json', role: 'viewer' }],
    [['link', '--name', 'Json'], { url: expect.stringContaining('code=') as string }],
  ])('%j', async (args, expected) => {
    const { code, stdout, stderr } = await installation.cli(...args, '--json')
    expect([code, stderr]).toEqual([0, ''])
    expect(JSON.parse(stdout)).toMatchObject(expected)
  })
})

describe('looking', () => {
  test.each([
    [['status'], 'production'],
    [['runs'], 'succeeded'],
    [['show', '1'], 'run 1 of shop'],
    [['logs', '2', 'test'], 'SyntaxError'],
    [['deployments', 'shop'], 'shop/production'],
    [['environment', 'shop', 'production'], 'can be rolled back to'],
    [['events', 'shop'], 'Step test failed'],
    [['apps'], 'shop'],
    [['tokens'], 'this machine'],
    [['env', 'list', 'shop', 'production'], 'Nothing is set'],
    [['doctor'], 'ok'],
  ])('%j', async (args, expected) => {
    const plain = await installation.cli(...args)
    expect(plain.stdout).toContain(expected)
    const { stdout } = await installation.cli(...args, '--json')
    expect(
      stdout
        .trim()
        .split('\n')
        .every((line) => line !== ''),
    ).toBe(true)
    if (args[0] !== 'logs') expect(() => JSON.parse(stdout) as unknown).not.toThrow()
  })

  test('completion knows commands, apps and environments', async () => {
    const { stdout } = await installation.cli('complete', '--', 'roll')
    expect(stdout.trim()).toBe('rollback')
    // A shell does not wait: names that take longer than half a second are left out.
    const complete = async (...words: string[]): Promise<string> =>
      (await installation.cli('complete', '--', ...words)).stdout.trim()
    await expect.poll(() => complete('rollback', 'sh')).toBe('shop')
    await expect.poll(() => complete('rollback', 'shop', '')).toContain('production')
  })
})

describe('a workflow that crashes the server again and again', () => {
  /** Calls the engine's own rule as if the process had died; see src/engine/suspend.test.ts. */
  async function crash(run: number): Promise<void> {
    const { connection, client } = installation
    const db = await openDatabase({ connection, size: 1 })
    const id = `delivery/${run}`
    await waitFor(
      'the step runs',
      async () => (await client.getRun({ params: { run } })).steps[0]?.state === 'running',
    )
    await db.query(sql`update workflow set crashes = '{one, two}' where id = ${id}`)
    await db.query(sql`select stop_crashing(${id}, 'three', '0.1.0')`)
    await db.close()
  }

  test('is shown, continued and cancelled', async () => {
    const { client } = installation
    const stuck = await makeRepository({ 'fairlead.yaml': 'steps: { wait: sleep 600 }\n' })
    await push(installation, 'stuck', stuck)
    const { runs } = await client.listRuns({ query: { app: 'stuck' } })
    const run = runs[0]?.id ?? 0
    const workflow = `delivery/${run}`
    await crash(run)
    expect(await client.getRun({ params: { run } })).toMatchObject({
      state: 'suspended',
      reason: expect.stringMatching(/^the server crashed 3 times while it ran .*wait/) as string,
    })
    const listed = await client.listRuns({ query: { app: 'stuck', state: 'suspended' } })
    expect(listed.runs.map(({ id }) => id)).toEqual([run])
    expect((await installation.cli('workflows', 'list')).stdout).toContain(workflow)
    expect((await installation.cli('doctor')).stdout).toContain(`${workflow} is suspended`)
    const shown = await installation.cli('show', String(run), '--follow')
    expect([shown.code, shown.stdout]).toEqual([
      1,
      expect.stringContaining('continue it: fairlead'),
    ])
    await installation.cli('workflows', 'continue', workflow)
    expect(await client.getRun({ params: { run } })).toMatchObject({ state: 'running' })
    await crash(run)
    expect((await installation.cli('workflows', 'cancel', workflow)).code).toBe(0)
    expect(await client.getRun({ params: { run } })).toMatchObject({ state: 'cancelled' })
    expect((await installation.cli('workflows', 'cancel', workflow)).stderr).toContain(
      `There is no suspended workflow ${workflow}`,
    )
    await stuck.remove()
  })
})

describe('exit codes', () => {
  test.each([
    ['an unknown command', ['rollbak'], 2, 'Did you mean rollback'],
    ['an unknown option', ['status', '--nonsense'], 2, 'unknown option'],
    ['a run that is not there', ['show', '999'], 5, 'There is no run 999'],
    ['an app that is not there', ['status', 'shopp'], 5, 'did you mean shop?'],
    [
      'a value that cannot be',
      ['env', 'set', 'shop', 'production', 'PORT=1'],
      2,
      'is set by Fairlead',
    ],
  ])('%s', async (_what, args, expected, sentence) => {
    const { code, stderr } = await installation.cli(...args)
    expect(stderr).toContain(sentence)
    expect(code).toBe(expected)
  })

  test('no server is 4, a wrong token 3, and --json says it as a problem document', async () => {
    const none = await elsewhere(['status', '--json'])
    expect([none.code, (JSON.parse(none.stdout) as { code: string }).code]).toEqual([
      4,
      'unavailable',
    ])
    const wrong = await elsewhere(['status'], {
      FAIRLEAD_URL: installation.url,
      FAIRLEAD_TOKEN: 'fl_wrong',
    })
    expect([wrong.code, wrong.stderr]).toEqual([
      3,
      expect.stringContaining('You are not signed in'),
    ])
  })
})
