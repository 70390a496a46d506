import { execFile, execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startApp } from '#platform/process/app-command.ts'
import { confine, findIsolation } from '#platform/process/isolation.ts'
import { policyOf } from '#platform/process/isolation-policy.ts'
import { escapes, type Target } from './support/escapes.ts'
import { endedRun, push } from './support/app.ts'
import { type Installation, startInstallation } from './support/installation.ts'
import { makeRepository, type Repository, tinyServer } from './support/repository.ts'
import { waitFor } from './support/wait.ts'
import { requiresIsolation } from './support/isolation.ts'
import { requiresRoot } from './support/programs.ts'
import { longTest } from './support/scale.ts'

interface Attempt {
  attempt: string
  escaped: boolean
  why: string
}

const execute = promisify(execFile)
const isRoot = process.getuid?.() === 0
const read = (text: string): Attempt[] =>
  text
    .split('\n')
    .filter((line) => line.startsWith('{"attempt"'))
    .map((line) => JSON.parse(line) as Attempt)
const escaped = (attempts: Attempt[]): string[] =>
  attempts.filter((one) => one.escaped).map((one) => one.attempt)
/** So many ways are tried, so that none gets lost. */
const ways = 44
const metadata = [
  ...['169.254.169.254', '168.63.129.16', '192.0.0.192', '100.100.100.200', 'fd00:ec2::254'],
  ...['::ffff:100.100.100.200', '64:ff9b::169.254.169.254', '64:ff9b:1::a83f:8110'],
]

describe('a step and a service that try to escape', requiresIsolation, () => {
  const canary = 'canary-4c1f'
  let installation: Installation
  let outside: string
  let target: Target
  const repositories: Repository[] = []
  const repositoryOf = async (files: Record<string, string>): Promise<Repository> => {
    const repository = await makeRepository(files)
    repositories.push(repository)
    return repository
  }
  const logOf = (run: number, step: string): string =>
    readFileSync(join(installation.home, 'runs', String(run), 'log', step, '1.jsonl'), 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => (JSON.parse(line) as { text: string }).text)
      .join('\n')
  const serviceLog = (app: string): string => {
    const folder = join(installation.home, 'host/log', app, 'production')
    return readFileSync(join(folder, readdirSync(folder)[0]!, 'web.0.log'), 'utf8')
  }
  const latest = async (app: string): Promise<number> =>
    (await installation.client.listRuns({ query: { app, limit: 1 } })).runs[0]!.id

  beforeAll(async () => {
    outside = await mkdtemp(join(tmpdir(), 'fairlead-outside-'))
    mkdirSync(join(outside, 'home'))
    writeFileSync(join(outside, 'home/.netrc'), 'password', { mode: 0o600 })
    installation = await startInstallation({
      database: 'embedded',
      env: {
        FAIRLEAD_ISOLATION_PROCESSES: '300',
        FAIRLEAD_ISOLATION_MEMORY_MB: '500',
        FAIRLEAD_ISOLATION_DISK_MB: '200',
        ONLY_THE_SERVER: canary,
        HOME: join(outside, 'home'),
      },
    })
    writeFileSync(join(outside, 'file'), 'mine', { mode: 0o600 })
    await push(
      installation,
      'victim',
      await repositoryOf({
        'secret.txt': 'of another',
        'fairlead.yaml': 'steps: {wait: exec sleep 600}\n',
      }),
    )
    const otherWorkspace = join(installation.home, 'runs/1/workspace/secret.txt')
    await waitFor('the other run has its workspace', async () => existsSync(otherWorkspace))
    target = {
      root: installation.home,
      serverPid: installation.pid(),
      canary,
      otherWorkspace,
      outside: join(outside, 'file'),
      homeFile: join(outside, 'home/.netrc'),
      sockets: [
        join(installation.home, 'host/host.sock'),
        ...readdirSync(join(installation.home, 'postgres/socket'))
          .filter((name) => !name.endsWith('.lock'))
          .map((name) => join(installation.home, 'postgres/socket', name)),
      ],
      url: installation.url,
      metadata,
      mark: 'fairlead-was-here',
      isRoot,
    }
  })
  afterAll(async () => {
    await installation.stop()
    for (const repository of repositories) await repository.remove()
    await rm(outside, { recursive: true, force: true })
  })

  longTest('succeed without isolation, which proves the attempts', async () => {
    const only = [
      'reads the key of the secrets',
      'reads the token of the command line',
      'lists the installation',
      'connects to a socket of the installation',
      'finds a socket of the database or of a daemon',
      'reads the workspace of another run',
      "reads a file of the server's user",
      'reads its home',
      'reads the environment of another process',
      "sees the server's process",
      'signals the server',
      'leaves by the root of another process',
      'may get one',
      'reads the memory of the server',
      'sees processes that are not its own',
      'reads what other apps keep',
      'makes a user namespace',
      'keeps a key in the kernel',
      'traces the server',
      'starts processes without end',
    ]
    const { stdout } = await execute(process.execPath, ['-e', escapes(target)], {
      env: { PATH: process.env['PATH'], ONLY: only.join(';') },
      maxBuffer: 1e7,
    })
    expect(escaped(read(stdout))).toEqual(only)
  })

  test('fail with isolation', async () => {
    const repository = await repositoryOf({
      'attempts.cjs': escapes(target),
      'server.js': tinyServer('hostile'),
      'fairlead.yaml': `
steps: {attempt: node attempts.cjs}
services: {web: {run: node attempts.cjs && exec node server.js, health: /}}
environments: {production: {}}
`,
    })
    await push(installation, 'hostile', repository)
    const run = await endedRun(installation, await latest('hostile'), 120)
    expect(run).toMatchObject({
      state: 'succeeded',
      steps: [{ isolation: expect.stringMatching(/^bubblewrap, /) }],
    })
    const step = read(logOf(run.id, 'attempt'))
    const service = read(serviceLog('hostile'))
    expect({ step: escaped(step), service: escaped(service) }).toEqual({ step: [], service: [] })
    expect([step.length, service.length]).toEqual([ways, ways])
  })

  test('a job and a command run isolated as their service', async () => {
    const repository = await repositoryOf({
      'server.js': tinyServer('jobs'),
      'fairlead.yaml': `
services: {web: {run: exec node server.js, health: /}}
jobs: {attempt: 'whoami; cat ${target.outside} 2>/dev/null || echo hidden; exit 3'}
environments: {production: {}}
`,
    })
    await push(installation, 'jobs', repository)
    await endedRun(installation, await latest('jobs'))
    const job = await installation.cli('job', 'run', 'jobs', 'production', 'attempt')
    expect(job).toEqual({ code: 3, stdout: 'fairlead\nhidden\n', stderr: '' })
    const words = ['--', 'printenv', 'FAIRLEAD_APP', 'FAIRLEAD_SERVICE']
    expect(await installation.cli('exec', 'jobs', 'production', ...words)).toEqual({
      ...{ code: 0, stdout: 'jobs\nweb\n', stderr: '' },
    })
    const size = ['--', 'stty size; tty; whoami; exit 5']
    expect(await installation.cli('exec', '-i', 'jobs', 'production', ...size)).toEqual({
      ...{ code: 5, stdout: '24 80\r\n/dev/pts/0\r\nfairlead\r\n', stderr: '' },
    })
    const list = await installation.cli('job', 'list', 'jobs', 'production')
    expect(list.stdout).toMatch(/attempt +on request +failed: it exited with 3/)
  })

  longTest('cannot mislead the server with links or a git configuration', async () => {
    const mark = join(outside, 'by-git')
    const lcov = 'TN:\\nSF:server.js\\nDA:1,1\\nend_of_record\\n'
    const repository = await repositoryOf({
      'server.js': tinyServer('links'),
      'fairlead.yaml': `
steps:
  keep: {run: mkdir -p kept && echo good > kept/file, cache: kept}
  git:
    run: |
      git config core.fsmonitor 'touch ${mark}; false'
      git config core.hooksPath .git/hooks
      git config core.sshCommand 'touch ${mark}; false'
      git config core.pager 'touch ${mark}; false'
      git config filter.evil.smudge 'touch ${mark}; cat'
      git config filter.evil.clean 'touch ${mark}; cat'
      printf '* filter=evil diff=evil\\n' > .gitattributes
      git config diff.evil.command 'touch ${mark}; false'
      mkdir -p .git/hooks
      for hook in post-checkout reference-transaction post-index-change pre-auto-gc; do
        printf '#!/bin/sh\\ntouch ${mark}\\n' > .git/hooks/$hook
        chmod +x .git/hooks/$hook
      done
      printf '${lcov}' > lcov.info
    reports: lcov.info
  report:
    run: ln -s ${installation.home}/key report.xml
    reports: report.xml
    optional: true
  pipe: {run: mkfifo pipe.xml, reports: pipe.xml, optional: true}
  artifact: {run: ln -s ${installation.home}/key leaked, needs: [keep, git]}
services: {web: {run: cat leaked || true; whoami; exec node server.js, health: /}}
environments: {production: {}}
`,
    })
    await push(installation, 'links', repository)
    const first = await endedRun(installation, await latest('links'))
    const step = (name: string) => first.steps.find((one) => one.name === name)
    expect(first.state).toBe('succeeded')
    expect(step('report')?.reason).toContain('is outside the workspace')
    expect(step('pipe')).toMatchObject({ state: 'failed' })
    expect(existsSync(mark)).toBe(false)
    const log = serviceLog('links')
    expect(log).toMatch(/^fairlead$/m)
    expect(log).not.toContain(readFileSync(join(installation.home, 'key'), 'utf8').trim())

    // What a cache puts back must not go where a link of the next commit points.
    mkdirSync(join(outside, 'elsewhere'))
    await repository.commit({
      'fairlead.yaml': `
steps:
  swap: rm -rf kept && ln -s ${outside}/elsewhere kept
  keep: {run: mkdir -p kept && echo good > kept/file, cache: kept, needs: swap, optional: true}
`,
    })
    await push(installation, 'links', repository)
    await endedRun(installation, await latest('links'))
    expect(readdirSync(join(outside, 'elsewhere'))).toEqual([])
  })

  test('a step without network has no connection', async () => {
    const repository = await repositoryOf({
      'fairlead.yaml': `
steps:
  offline:
    network: false
    run: node -e 'fetch("${installation.url}").then(() => process.exit(1), () => process.exit(0))'
  named: |
    test "$(whoami) $(id -gn) $USER $LOGNAME" = "fairlead fairlead fairlead fairlead"
    node -e 'const { username, homedir } = os.userInfo()
      assert.deepEqual([username, homedir], ["fairlead", process.env.HOME])'
    test "$(perl -e 'print((getpwuid($<))[7])')" = "$HOME"
  online: node -e 'fetch("${installation.url}").then(() => process.exit(0), () => process.exit(1))'
`,
    })
    await push(installation, 'offline', repository)
    const run = await endedRun(installation, await latest('offline'))
    expect(run.state).toBe('succeeded')
    expect(run.steps.find(({ name }) => name === 'offline')?.isolation).toContain('no network')
  })

  longTest('a step that exceeds a limit is stopped, with the reason', async () => {
    const repository = await repositoryOf({
      'fairlead.yaml': `
steps:
  memory: {needs: [], optional: true, run: 'perl -e ''$x = "x" x 700e6; sleep 30'''}
  shared: {needs: [], run: 'perl -e ''$x = "x" x 200e6; fork; fork; sleep 1'''}
  # The steps of a run share the limit of files, so the others have to end before.
  disk:
    needs: [memory, shared, shm]
    optional: true
    run: head -c 300M /dev/zero > large; sleep 30
  shm: {needs: [], run: 'echo mine > /dev/shm/file'}
`,
    })
    await push(installation, 'greedy', repository)
    const run = await endedRun(installation, await latest('greedy'))
    expect(Object.fromEntries(run.steps.map(({ name, reason }) => [name, reason]))).toEqual({
      memory: expect.stringMatching(/^needed more than 500 MB of memory/),
      disk: expect.stringMatching(/^had more than 200 MB of files/),
      shared: null,
      shm: null,
    })
    expect(run.state).toBe('succeeded')
  })

  test('doctor reports the isolation that is in force', async () => {
    const { stdout } = await installation.cli('doctor')
    expect(stdout).toMatch(/ok\s+isolation\s+steps: bubblewrap/)
  })
})

test.each([
  [{ FAIRLEAD_ISOLATION: 'on' }, 'FAIRLEAD_ISOLATION is "on", but must be auto, required or off'],
  [{ FAIRLEAD_ISOLATION_SYSCALLS: 'some' }, 'must be default, namespaces or all'],
  [{ FAIRLEAD_ISOLATION_DISK_MB: '0' }, 'must be a number of megabytes such as 20000'],
  [
    { FAIRLEAD_ISOLATION_PROCESSES: 'many' },
    'FAIRLEAD_ISOLATION_PROCESSES is "many", but must be a number',
  ],
])('%j is a mistake that is said, and turns nothing off', async (env, why) => {
  const options = { env, root: '/nowhere', home: '/nowhere', isRoot, path: '', machine: {} }
  await expect(findIsolation(options)).rejects.toThrow(why)
})

describe('without root', { ...requiresRoot, ...requiresIsolation }, () => {
  test('the same attempts fail', async () => {
    const user = 60_500
    const root = await mkdtemp(join(tmpdir(), 'fairlead-user-'))
    const at = (...names: string[]): string => join(root, ...names)
    for (const folder of ['', 'runs', 'runs/2', 'runs/2/workspace', 'runs/1', 'tmp', 'cache'])
      mkdirSync(at(folder), { recursive: true })
    for (const file of ['key', 'token', 'outside', 'runs/1/secret.txt'])
      writeFileSync(at(file), 'mine', { mode: 0o600 })
    execFileSync('chown', ['-R', `${user}:${user}`, root])
    const found = await findIsolation({
      env: process.env,
      root,
      home: root,
      isRoot: false,
      path: '',
      machine: {},
    })
    expect(found).toMatchObject({ kind: 'confined' })
    if (found.kind === 'none') return
    const target: Target = {
      root,
      serverPid: process.pid,
      canary: 'NODE_ENV',
      otherWorkspace: at('runs/1/secret.txt'),
      outside: at('outside'),
      homeFile: at('outside'),
      sockets: [],
      url: 'http://127.0.0.1:1',
      metadata,
      mark: 'fairlead-was-here',
      isRoot: false,
    }
    const policy = policyOf({ env: {}, root, home: root, path: '', machine: {} })
    const { helpers, filter } = confine(
      found.tools,
      { ...policy, processes: 300 },
      {
        user,
        isBound: true,
        cwd: at('runs/2/workspace'),
        writable: [at('runs/2/workspace'), at('cache')],
        readable: [],
        tmp: at('tmp'),
        account: null,
        network: true,
      },
    )
    const as = ['--reuid', String(user), '--regid', String(user), '--clear-groups', '--']
    const child = startApp({
      helpers: ['/usr/bin/setpriv', ...as, ...helpers],
      filter,
      command: ['/usr/bin/env', 'node', '-e', escapes(target)],
      env: { PATH: process.env['PATH'] ?? '' },
      marker: {},
      cwd: '/',
      output: ['pipe', 'inherit'],
    })
    const stdout = await text(child.stdout!)
    await rm(root, { recursive: true, force: true })
    // Without root the kernel takes no rule for it; `describe` does not claim it, and only
    // `network: false` helps.
    expect(
      escaped(read(stdout)).filter((name) => name !== 'asks the cloud for credentials'),
    ).toEqual([])
    expect(read(stdout)).toHaveLength(ways)
  })
})
