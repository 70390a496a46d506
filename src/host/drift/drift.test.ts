import { type ChildProcess, spawn } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { DriftDifference } from '#contract/drift/drift.ts'
import type { HostFile, HostService } from '#contract/host/service.ts'
import type { HostRelease } from '#contract/host/release.ts'
import { pack, unpack } from '#platform/oci/oci.ts'
import { writeFiles } from '../configuration-files.ts'
import { startTimeOf } from '../processes.ts'
import { environmentOf } from '../start.ts'
import { runsCommand } from './compare-processes.ts'
import type { DriftPlan } from './plan.ts'
import { findDrift } from './reader.ts'
import { rewriteEntry } from './rewrite.ts'
import { replacedLibraries } from './running.ts'

const files: HostFile[] = [
  { path: 'app.json', text: '{"pool":5}\n', mode: 0o644, checks: [] },
  { path: 'tls/key.pem', text: 'key\n', mode: 0o600, checks: [] },
]
const run = 'exec ./sleep 1000'
const web: HostService = {
  ...{ name: 'web', run, port: false, instances: 1, directory: '.' },
  health: { path: null, timeout: 1000, interval: 100 },
  env: { LEVEL: 'info', TOKEN: 'hush-hush' },
  ...{ secrets: ['TOKEN'], stop: { signal: 'SIGTERM', grace: 100 }, files },
}
const isolation = { kind: 'none', problem: 'for the test' } as DriftPlan['isolation']
const path = '/usr/bin:/bin'

let root: string
let stored: HostRelease
let child: ChildProcess
let plan: DriftPlan
const at = (...parts: string[]): string => join(root, ...parts)
const artifact = (name: string): string => at('files', name)
const config = (name: string): string => at('config', name)

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'fairlead-drift-'))
  mkdirSync(at('source/lib'), { recursive: true })
  copyFileSync('/bin/sleep', at('source/sleep'))
  for (const [name, text] of [
    ['server.js', 'serve()\n'],
    ['lib/a.js', 'a\n'],
    ['lib/b.js', 'b\n'],
    ['start', '#!/bin/sh\n'],
  ] as const)
    writeFileSync(at('source', name), text)
  for (const name of ['sleep', 'start']) chmodSync(at('source', name), 0o755)
  symlinkSync('server.js', at('source/current'))
  const { digest } = await pack({
    ...{ layout: at('layout'), folder: at('source'), include: ['.'], exclude: [] },
    annotations: {},
  })
  await unpack({ layout: at('layout'), digest, folder: at('files'), durable: false })
  await writeFiles(at('config'), files, null)
  stored = {
    ...{ app: 'shop', environment: 'production', release: 7, artifact: digest },
    ...{ layout: at('layout'), services: [web], env: { FAIRLEAD_COMMIT: 'abc' } },
    fence: { deployment: 1, epoch: 1 },
    route: { port: null, host: 'shop.production.localhost' },
  }
  start({})
})
afterAll(() => {
  child.kill('SIGKILL')
  rmSync(root, { recursive: true, force: true })
})

const switches = { folder: '/s', file: '/s/switches.json', sdk: { OFREP_ENDPOINT: 'http://s' } }

/** Starts the instance as the host does, with other variables or another command. */
function start(change: Record<string, string | undefined>, command = run): void {
  child?.kill('SIGKILL')
  const env = environmentOf({
    ...{ release: stored, service: web, dataFolder: at('data'), configFolder: at('config') },
    ...{ path, isolation, switches },
  })
  child = spawn('/bin/sh', ['-c', command], {
    ...{ cwd: at('files'), env: { ...env, FAIRLEAD_PROCESS: 'a/b', ...change } },
    ...{ detached: true, stdio: 'ignore' },
  })
  const pid = child.pid ?? 0
  const instance = { index: 0, pid, startTime: startTimeOf(pid), marker: null, port: null }
  plan = {
    ...{ declared: stored, stored, folder: at('files'), isolation, path, switches },
    services: [
      {
        ...{ name: 'web', dataFolder: at('data'), configFolder: at('config') },
        // The kernel's clock of files is some milliseconds behind.
        instances: [{ ...instance, started: Date.now() - 100 }],
      },
    ],
  }
}

/** The shell becomes its command a moment after it starts. */
const isExecuted = async (word = './sleep'): Promise<void> =>
  expect
    .poll(() => readFileSync(`/proc/${child.pid}/cmdline`, 'utf8').split('\0')[0], { interval: 2 })
    .toBe(word)

const withService = (change: Partial<HostService>): HostRelease => ({
  ...stored,
  services: [{ ...web, ...change }],
})

interface Kind {
  title: string
  /** makes it, and returns what undoes it */
  make: () => void | (() => void | Promise<void>)
  expected: Partial<DriftDifference>
  isConfined?: boolean
}

const keep = (file: string): (() => void) => {
  const [text, { mode }] = [readFileSync(file), statSync(file)]
  return () => {
    rmSync(file, { force: true, recursive: true })
    writeFileSync(file, text)
    chmodSync(file, mode & 0o7777)
  }
}
const replaced = (file: string, act: () => void): (() => void) => {
  const undo = keep(file)
  act()
  return undo
}
const again = (): void => start({})
const ofArtifact = (name: string, more: Partial<DriftDifference> = {}) => ({
  ...{ kind: 'artifact' as const, service: null, name, remedy: 'rewrite' as const },
  ...{ atRestart: true, ...more },
})
const ofFile = (name: string, more: Partial<DriftDifference> = {}) => ({
  ...ofArtifact(name, more),
  ...{ kind: 'file' as const, service: 'web' },
})
const ofService = (
  kind: DriftDifference['kind'],
  name: string,
  [declared, disk, running]: (string | null)[],
  remedy: DriftDifference['remedy'],
) =>
  ({
    ...{ service: 'web', kind, name, declared, disk, running, remedy },
    atRestart: disk !== running,
  }) as Partial<DriftDifference>

const kinds: Kind[] = [
  {
    title: 'a changed file of the artifact',
    make: () => replaced(artifact('server.js'), () => appendFileSync(artifact('server.js'), 'x')),
    expected: ofArtifact('server.js'),
  },
  {
    title: 'a file of the artifact with the same size and time',
    make: () => replaced(artifact('lib/a.js'), () => writeFileSync(artifact('lib/a.js'), 'z\n')),
    expected: ofArtifact('lib/a.js'),
  },
  {
    title: 'a removed file of the artifact',
    make: () => replaced(artifact('lib/b.js'), () => unlinkSync(artifact('lib/b.js'))),
    expected: ofArtifact('lib/b.js', { disk: null, changed: null }),
  },
  {
    title: 'a removed folder of the artifact',
    make: () => {
      renameSync(artifact('lib'), at('lib'))
      return () => renameSync(at('lib'), artifact('lib'))
    },
    expected: ofArtifact('lib', { declared: 'folder', disk: null }),
  },
  {
    title: 'a file of the artifact that cannot be executed any more',
    make: () => replaced(artifact('start'), () => chmodSync(artifact('start'), 0o644)),
    expected: ofArtifact('start', { disk: expect.stringContaining('mode 0644') as string }),
  },
  {
    title: 'a file of the artifact that can be executed now',
    make: () => replaced(artifact('server.js'), () => chmodSync(artifact('server.js'), 0o755)),
    expected: ofArtifact('server.js', { disk: expect.stringContaining('mode 0755') as string }),
  },
  {
    title: 'a link of the artifact with another target',
    make: () => {
      unlinkSync(artifact('current'))
      symlinkSync('lib/a.js', artifact('current'))
      return () => {
        unlinkSync(artifact('current'))
        symlinkSync('server.js', artifact('current'))
      }
    },
    expected: ofArtifact('current', { declared: 'link to server.js', disk: 'link to lib/a.js' }),
  },
  {
    title: 'a file of the artifact in place of a link',
    make: () => {
      unlinkSync(artifact('current'))
      writeFileSync(artifact('current'), '')
      return () => {
        unlinkSync(artifact('current'))
        symlinkSync('server.js', artifact('current'))
      }
    },
    expected: ofArtifact('current'),
  },
  {
    title: 'a link in place of a file of the artifact',
    make: () =>
      replaced(artifact('server.js'), () => {
        unlinkSync(artifact('server.js'))
        symlinkSync('/etc/passwd', artifact('server.js'))
      }),
    expected: ofArtifact('server.js', { disk: 'link to /etc/passwd' }),
  },
  {
    title: 'a folder in place of a file of the artifact',
    make: () =>
      replaced(artifact('server.js'), () => {
        unlinkSync(artifact('server.js'))
        mkdirSync(artifact('server.js'))
      }),
    expected: ofArtifact('server.js', { disk: 'folder' }),
  },
  {
    title: 'a file beside those of the artifact, where services cannot write',
    make: () => {
      writeFileSync(artifact('added.js'), '')
      return () => unlinkSync(artifact('added.js'))
    },
    expected: ofArtifact('added.js', { declared: null }),
    isConfined: true,
  },
  {
    title: 'a file of the artifact that changed before the process started',
    make: () => {
      const undo = keep(artifact('lib/a.js'))
      writeFileSync(artifact('lib/a.js'), 'y\n')
      plan = {
        ...plan,
        services: plan.services.map((service) => ({
          ...service,
          instances: service.instances.map((one) => ({ ...one, started: Date.now() + 1000 })),
        })),
      }
      return () => {
        undo()
        again()
      }
    },
    expected: ofArtifact('lib/a.js', { atRestart: false, remedy: 'rewrite_and_restart' }),
  },
  {
    title: 'a changed configuration file',
    make: () => replaced(config('app.json'), () => writeFileSync(config('app.json'), '{}')),
    expected: ofFile('app.json'),
  },
  {
    title: 'a removed configuration file',
    make: () => replaced(config('app.json'), () => unlinkSync(config('app.json'))),
    expected: ofFile('app.json', { disk: null }),
  },
  {
    title: 'a configuration file that everybody can read',
    make: () => replaced(config('tls/key.pem'), () => chmodSync(config('tls/key.pem'), 0o644)),
    expected: ofFile('tls/key.pem', { disk: expect.stringContaining('mode 0644') as string }),
  },
  {
    title: 'a link in place of a configuration file',
    make: () =>
      replaced(config('app.json'), () => {
        unlinkSync(config('app.json'))
        symlinkSync('/etc/passwd', config('app.json'))
      }),
    expected: ofFile('app.json', { disk: 'link to /etc/passwd' }),
  },
  {
    title: 'a configuration file that is not declared',
    make: () => {
      writeFileSync(config('more.conf'), '')
      return () => unlinkSync(config('more.conf'))
    },
    expected: ofFile('more.conf', { declared: null }),
  },
  {
    title: 'a configuration file that a release declares in another way',
    make: () => {
      const [first] = files
      plan = { ...plan, declared: withService({ files: [{ ...first!, text: '{}' }, files[1]!] }) }
      return again
    },
    expected: ofFile('app.json', {}),
  },
  {
    title: 'a variable of the process',
    make: () => (start({ LEVEL: 'debug' }), again),
    expected: ofService('variable', 'LEVEL', ['info', 'info', 'debug'], 'restart'),
  },
  {
    title: 'a variable that the process lacks',
    make: () => (start({ LEVEL: undefined }), again),
    expected: ofService('variable', 'LEVEL', ['info', 'info', null], 'restart'),
  },
  {
    title: 'a variable on disk',
    make: () => {
      plan = { ...plan, stored: withService({ env: { ...web.env, LEVEL: 'warn' } }) }
      return again
    },
    expected: ofService('variable', 'LEVEL', ['info', 'warn', 'info'], 'deploy'),
  },
  {
    title: 'a declared variable that was never deployed',
    make: () => {
      plan = { ...plan, declared: withService({ env: { ...web.env, POOL: '9' } }) }
      return again
    },
    expected: ofService('variable', 'POOL', ['9', null, null], 'deploy'),
  },
  {
    title: 'a secret that was changed at its source',
    make: () => {
      plan = { ...plan, declared: withService({ env: { ...web.env, TOKEN: 'rotated' } }) }
      return again
    },
    expected: ofService('variable', 'TOKEN', ['secret 1', 'secret 2', 'secret 2'], 'deploy'),
  },
  {
    title: 'a secret of the process',
    make: () => (start({ TOKEN: 'former' }), again),
    expected: ofService('variable', 'TOKEN', ['secret 1', 'secret 1', 'secret 2'], 'restart'),
  },
  {
    title: 'an argument of the process',
    make: () => (start({}, 'exec ./sleep 2000'), again),
    expected: ofService('argument', 'command', [run, run, './sleep 2000'], 'restart'),
  },
  {
    title: 'a command on disk',
    make: () => {
      plan = { ...plan, stored: withService({ run: 'exec ./sleep 5' }) }
      return again
    },
    expected: ofService('argument', 'command', [run, 'exec ./sleep 5', './sleep 1000'], 'deploy'),
  },
  {
    title: 'a number of instances',
    make: () => {
      plan = { ...plan, declared: withService({ instances: 2 }) }
      return again
    },
    expected: ofService('service', 'instances', ['2', '1', '1'], 'deploy'),
  },
  {
    title: 'a service that the host does not have',
    make: () => {
      plan = { ...plan, declared: { ...stored, services: [web, { ...web, name: 'worker' }] } }
      return again
    },
    expected: { service: 'worker', kind: 'service', declared: 'present', disk: null },
  },
  {
    title: 'a service that is not declared',
    make: () => {
      plan = { ...plan, declared: { ...stored, services: [] } }
      return again
    },
    expected: { service: 'web', kind: 'service', declared: null, disk: 'present' },
  },
  {
    title: 'another artifact',
    make: () => {
      plan = { ...plan, declared: { ...stored, artifact: 'sha256:other' } }
      return again
    },
    expected: { service: null, kind: 'release', name: 'artifact', remedy: 'deploy' },
  },
  {
    title: 'a memory limit',
    make: () => {
      plan = { ...plan, declared: withService({ memory: 104_857_600 }) }
      return again
    },
    expected: { service: 'web', kind: 'process', name: 'memory', declared: '100 MB', disk: null },
  },
  {
    title: 'a program whose file was replaced',
    make: () => {
      copyFileSync(artifact('sleep'), artifact('draft'))
      renameSync(artifact('draft'), artifact('sleep'))
      return again
    },
    expected: { service: 'web', kind: 'program', disk: 'replaced', remedy: 'restart' },
  },
]

test('nothing differs after a start', async () => {
  await isExecuted()
  const report = await findDrift(plan)
  expect(report).toMatchObject({ release: 7, differences: [], total: 0, processes: 1 })
  expect(report.files).toBeGreaterThan(7)
})

test('what the programs that start a service change is no difference', async () => {
  start({ DEBUG: '1', PATH: `/root/.pyenv/shims:${path}` })
  await isExecuted()
  expect((await findDrift(plan)).differences).toEqual([])
  again()
})

test.each(kinds)('finds $title', async ({ make, expected, isConfined }) => {
  const undo = make()
  await isExecuted()
  const confined = { kind: 'confined', tools: { setpriv: null } } as DriftPlan['isolation']
  const report = await findDrift(isConfined ? { ...plan, isolation: confined } : plan)
  const differences = report.differences.filter(({ name }) => !/^(USER|LOGNAME)$/.test(name))
  expect(differences).toEqual([expect.objectContaining(expected)])
  expect(JSON.stringify(report)).not.toMatch(/hush-hush|rotated|former"/)
  await undo?.()
  await isExecuted()
  expect((await findDrift(plan)).differences).toEqual([])
})

test('the table has at least 30 kinds', () => {
  expect(kinds.length).toBeGreaterThanOrEqual(30)
})

test.each([
  ['server.js', () => writeFileSync(artifact('server.js'), 'other')],
  ['current', () => unlinkSync(artifact('current'))],
  ['start', () => chmodSync(artifact('start'), 0o600)],
  ['lib', () => rmSync(artifact('lib'), { recursive: true })],
  ['added.js', () => writeFileSync(artifact('added.js'), '')],
  [
    'lib/a.js',
    () => {
      rmSync(artifact('lib/a.js'))
      mkdirSync(artifact('lib/a.js/more'), { recursive: true })
    },
  ],
])('writes %s again as the artifact has it', async (name, change) => {
  change()
  await rewriteEntry({ layout: at('layout'), artifact: stored.artifact, folder: at('files'), name })
  const confined = { kind: 'confined', tools: { setpriv: null } } as DriftPlan['isolation']
  const { differences } = await findDrift({ ...plan, isolation: confined })
  expect(differences.filter(({ kind }) => kind === 'artifact')).toEqual([])
})

test('does not write through a link that leads out of the artifact', async () => {
  renameSync(artifact('lib'), at('lib'))
  symlinkSync(at('data'), artifact('lib'))
  const request = { layout: at('layout'), artifact: stored.artifact, folder: at('files') }
  await expect(rewriteEntry({ ...request, name: 'lib/a.js' })).rejects.toThrow('leads out')
  await rewriteEntry({ ...request, name: 'lib' })
  expect(readFileSync(artifact('lib/a.js'), 'utf8')).toBe('a\n')
})

test.each([
  ['exec node server.js', ['node', 'server.js'], true],
  ['exec ./server.js --port 1', ['node', './server.js', '--port', '1'], true],
  ['exec node server.js', ['node', 'other.js'], false],
  ['node server.js', ['/bin/sh', '-c', 'node server.js'], true],
  ['node server.js', ['/bin/sh', '-c', 'node other.js'], false],
  ['exec redis-server x.conf', ['redis-server 127.0.0.1:6379'], null],
  ['exec node $FILE', ['node', 'a.js'], true],
  ['exec node *.js', ['node', 'a.js'], null],
  ['a | exec node b.js', ['node', 'c.js'], null],
])('the command %s and the words %j', (command, words, expected) => {
  expect(runsCommand(command, words, { FILE: 'a.js' })).toBe(expected)
})

test('libraries that were replaced are read from the memory map', () => {
  const line = (file: string): string => `7f00-7f01 r-xp 00000000 fd:00 12  ${file}`
  const maps = [
    line('/usr/lib/libssl.so.3 (deleted)'),
    line('/usr/lib/libssl.so.3 (deleted)'),
    line('/usr/lib/libc.so.6'),
    line('/tmp/jna1.so (deleted)'),
    line('/dev/zero (deleted)'),
    line('[stack]'),
  ]
  expect(replacedLibraries(maps.join('\n'))).toEqual(['/usr/lib/libssl.so.3'])
})
