import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { runCli } from '#cli/cli.ts'
import { createLocal } from './local.ts'

const folder = mkdtempSync(join(tmpdir(), 'fairlead-chaos-'))
const journal = join(folder, 'journal.json')

/** What the command prints for a file whose probe expects an exit code. */
async function run(expected: number, ...options: string[]) {
  const file = join(folder, 'experiment.json')
  const provider = { type: 'process', path: 'true' }
  const probe = { type: 'probe', name: 'look', tolerance: expected, provider }
  const hypothesis = { title: 'It works', probes: [probe] }
  const content = {
    title: 'Works',
    description: 'x',
    method: [],
    'steady-state-hypothesis': hypothesis,
  }
  writeFileSync(file, JSON.stringify(content))
  let text = ''
  const write = (part: string): unknown => (text += part)
  const code = await runCli(['experiment', 'run', file, ...options], {
    ...{ local: createLocal({}), stdin: new PassThrough(), env: {}, now: Date.now },
    ...{ stdout: { write }, stderr: { write }, signal: new AbortController().signal },
  })
  return { code, text }
}

test('runs a file of the Chaos Toolkit without a server, and writes its journal', async () => {
  expect(await run(0, '--journal', journal)).toEqual({
    code: 0,
    text: `Works: completed\nThe journal is ${journal}\n`,
  })
  expect(JSON.parse(readFileSync(journal, 'utf8'))).toMatchObject({ status: 'completed' })
})

test('says what was out of its tolerance, and that the file is wrong', async () => {
  const { code, text } = await run(1, '--journal', journal)
  expect(code).toBe(1)
  expect(text).toContain('- look was out of its tolerance before\n')
  expect(await run(1, '--dry-run')).toMatchObject({ code: 0 })
  expect(await run(1, '--detach')).toMatchObject({ code: 2 })
  const gone = await run(0, '--journal', join(folder, 'none/journal.json'))
  expect(gone).toMatchObject({ code: 2, text: expect.stringContaining('cannot be written') })
})
