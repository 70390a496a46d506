import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { filesOf, isTest, textOf } from '../../../test/support/source-files.ts'
import { appScript, startApp } from './app-command.ts'
import { confine, findIsolation } from './isolation.ts'
import { findProgram } from './program.ts'
import { requiresIsolation } from '../../../test/support/isolation.ts'

/** A helper that prints its own environment and argument list, and then becomes the command. */
const nosy = ['/bin/sh', '-c', 'tr "\\0" "\\n" < /proc/$$/environ; echo ---; exec "$@"', 'sh']

test('a helper gets no variable of the app, and the command gets all of them', async () => {
  const odd = `two\nlines, $(id) \`id\` "double" 'single' \\`
  const child = startApp({
    helpers: nosy,
    filter: null,
    command: ['/bin/sh', '-c', 'cat; printf "%s|%s" "$ODD" "$LD_DEBUG_OUTPUT"'],
    env: { PATH: '/nowhere:/usr/bin:/bin', ODD: odd, LD_DEBUG_OUTPUT: 'app' },
    marker: { FAIRLEAD_PROCESS: 'mine' },
    cwd: '/',
    output: ['pipe', 'inherit'],
  })
  const [helper = '', command] = (await text(child.stdout!)).split('---\n')
  expect(helper).not.toMatch(/ODD|LD_DEBUG|nowhere/)
  expect(helper).toContain('FAIRLEAD_PROCESS=mine')
  expect(command).toBe(`${odd}|app`)
})

test('bwrap, setpriv and prlimit load no library of the app', requiresIsolation, async () => {
  const tmp = await mkdtemp(join(tmpdir(), 'fairlead-preload-'))
  try {
    const found = await findIsolation({
      env: { PATH: process.env['PATH'] },
      root: join(tmp, 'none'),
      home: join(tmp, 'none'),
      isRoot: process.getuid?.() === 0,
      path: '',
      machine: {},
    })
    if (found.kind === 'none') throw new Error(found.problem)
    const place = { cwd: '/', writable: [], readable: [], tmp, account: null, network: true }
    const child = startApp({
      ...confine(found.tools, found.policy, { ...place, user: 60_600, isBound: true }),
      command: ['/bin/sh', '-c', 'echo "$LD_PRELOAD"'],
      env: { LD_PRELOAD: '/no/such/library.so' },
      marker: {},
      cwd: '/',
      output: ['pipe', 'pipe'],
    })
    const [out, err] = await Promise.all([text(child.stdout!), text(child.stderr!)])
    expect(out).toBe('/no/such/library.so\n')
    // The dynamic loader complains once for each program that has the variable.
    expect(err.match(/cannot be preloaded/g)).toHaveLength(1)
  } finally {
    await rm(tmp, { recursive: true })
  }
})

test('a command whose input is in files starts although its starter dies', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'fairlead-input-'))
  const waits = `while kill -0 $STARTER 2>/dev/null; do sleep 0.01; done; exec "$@"`
  const app = {
    ...{ helpers: ['/bin/sh', '-c', waits, 'sh'], filter: null, cwd: '/', folder },
    ...{ command: ['/bin/sh', '-c', `printf '%s' "\${#A} \${#B}" >${folder}/done`] },
    output: ['ignore', 'ignore'],
  }
  const starter =
    `import { startApp } from '${new URL('app-command.ts', import.meta.url).href}'\n` +
    // More than a pipe holds.
    `const env = { A: 'a'.repeat(100_000), B: 'b'.repeat(100_000), PATH: '/usr/bin:/bin' }\n` +
    `const marker = { STARTER: String(process.pid) }\n` +
    `startApp({ ...${JSON.stringify(app)}, env, marker })\n` +
    `process.kill(process.pid, 'SIGKILL')`
  spawnSync(process.execPath, ['--input-type=module', '-e', starter])
  try {
    const read = () => readFile(join(folder, 'done'), 'utf8').catch(() => '')
    await expect.poll(read, { timeout: 20_000 }).toBe('100000 100000')
    expect(await readdir(folder)).toEqual(['done'])
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('a command without helpers gets its variables directly', async () => {
  const child = startApp({
    helpers: [],
    filter: null,
    command: ['/bin/sh', '-c', 'printf %s "$A"'],
    env: { A: 'b' },
    marker: {},
    cwd: '/',
    output: ['pipe', 'inherit'],
  })
  expect(await text(child.stdout!)).toBe('b')
})

test('the script sets exactly the given variables', () => {
  const script = appScript({ A: "it's\n$B" })
  const env = { PATH: '/usr/bin:/bin', LANG: 'C.UTF-8' }
  const out = execFileSync('/bin/sh', ['-s', '--', '/usr/bin/env', '-0'], { input: script, env })
  const names = out.toString().split('\0').filter(Boolean)
  expect(names.filter((one) => !/^(_|PWD|OLDPWD|SHLVL)=/.test(one))).toEqual(["A=it's\n$B"])
})

test('refuses the name of a variable that would be code', () => {
  expect(() => appScript({ 'A;id': 'x' })).toThrow('cannot be the name of a variable')
})

test('a program is found only in absolute folders of the PATH', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'fairlead-program-'))
  try {
    expect(findProgram('sh', `.:bin:${folder}:/bin`)).toBe('/bin/sh')
    expect(findProgram('no-such-program', folder)).toBeUndefined()
  } finally {
    await rm(folder, { recursive: true })
  }
})

/** Every call that starts a process, with the text up to the end of its statement. */
const starts = filesOf('src/**/*.ts')
  .filter((file) => !isTest(file))
  .flatMap((file) => {
    const source = textOf(file)
    const names = /import \{([^}]*)\} from 'node:child_process'/.exec(source)?.[1] ?? ''
    return [...names.matchAll(/\b(spawn|spawnSync|execFile|execFileSync|exec|fork)\b/g)].flatMap(
      ([, name]) =>
        [...source.matchAll(new RegExp(`[\\s.(]${name}\\)?\\(([^)]\\S*)?[^]{0,600}`, 'g'))]
          .filter(({ 0: call }) => !call.startsWith(`.${name}`))
          .map(({ 0: call }) => ({ file, call })),
    )
  })

test('every process is started with a stated environment and by an absolute path', () => {
  expect(starts.length).toBeGreaterThan(15)
  const wrong = starts.filter(({ call }) => !/\benv\b/.test(call) && !/,\s*options\b/.test(call))
  expect(wrong).toEqual([])
  const byName = starts.filter(({ call }) => /^[^(]*\)?\(\s*'[^/]/.test(call))
  expect(byName).toEqual([])
})

test('only the runner, the host and the check of the isolation start commands of apps', () => {
  const users = filesOf('src/**/*.ts').filter(
    (file) => !isTest(file) && /\bstartApp\b/.test(textOf(file)),
  )
  expect(users.sort()).toEqual([
    'src/host/file-check.ts',
    'src/host/rehearsal/rehearsal.ts',
    'src/host/start.ts',
    'src/platform/process/app-command.ts',
    'src/platform/process/isolation.ts',
    'src/runner/run-command.ts',
  ])
})
