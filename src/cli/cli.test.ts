import { PassThrough } from 'node:stream'
import type { Command } from 'commander'
import { expect, test } from 'vitest'
import { allCommands, createProgram, runCli } from './cli.ts'
import type { Local } from './local.ts'

const create = () =>
  createProgram(
    {
      local: { version: '0' } as Local,
      stdin: new PassThrough(),
      stdout: { write: () => undefined },
      stderr: { write: () => undefined },
      env: {},
      now: () => 0,
      signal: new AbortController().signal,
    },
    () => undefined,
  )

const pathOf = (command: Command): string[] =>
  command.parent ? [...pathOf(command.parent), command.name()] : []

/** The shortest valid arguments of a command. */
const argumentsOf = (command: Command): string[] => [
  ...command.registeredArguments
    .filter(({ required }) => required)
    .map((argument) => argument.argChoices?.[0] ?? '1'),
  ...command.options
    .filter(({ mandatory }) => mandatory)
    .flatMap((option) => [option.long ?? '', option.argChoices?.[0] ?? '1']),
]

const leaves = allCommands(create()).filter(({ commands }) => commands.length === 0)

test.each(leaves.map((command) => [pathOf(command), argumentsOf(command)] as const))(
  '%j accepts --json after its arguments, and sends it to nobody',
  async (path, args) => {
    for (const order of [
      [...path, ...args, '--json'],
      [...path, '--json', ...args],
      ['--json', ...path, ...args],
    ]) {
      const program = create()
      const command = allCommands(program).find((one) => pathOf(one).join() === path.join())!
      let options: unknown = null
      command.action(() => {
        options = command.opts()
      })
      await program.parseAsync(order, { from: 'user' })
      expect(program.opts()['json']).toBe(true)
      expect(JSON.stringify(options)).not.toContain('json')
    }
  },
)

test.each([
  ['forge', 'show', 'shop'],
  ['--json', 'verdict', 'show', '12'],
])('accepts the former name in %s %s, which no help shows', async (...args) => {
  const lines: string[] = []
  const code = await runCli(args, {
    local: { version: '0', connection: async () => null } as unknown as Local,
    stdin: new PassThrough(),
    stdout: { write: (text: string) => lines.push(text) },
    stderr: { write: (text: string) => lines.push(text) },
    env: {},
    now: () => 0,
    signal: new AbortController().signal,
  })
  expect([code, lines.join('')]).toEqual([4, expect.stringContaining('server')])
  expect(create().helpInformation()).not.toMatch(/forge|verdict/)
})

test('with --print, standard output is the file, and the notes are on standard error', async () => {
  const written = { stdout: '', stderr: '' }
  const proposal = { file: '/f', exists: true, text: 'steps: {}\n', found: ['Set SECRET.'] }
  const code = await runCli(['import', 'compose', '--print'], {
    local: { version: '0', import: async () => proposal } as unknown as Local,
    stdin: new PassThrough(),
    stdout: { write: (text) => (written.stdout += text) },
    stderr: { write: (text) => (written.stderr += text) },
    env: {},
    now: () => 0,
    signal: new AbortController().signal,
  })
  expect({ code, ...written }).toEqual({
    ...{ code: 0, stdout: 'steps: {}\n', stderr: '  Set SECRET.\n' },
  })
})
