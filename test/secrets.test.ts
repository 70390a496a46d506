import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { FairleadError } from '#contract/errors.ts'
import { endedRun, push } from './support/app.ts'
import { type Installation, startInstallation } from './support/installation.ts'
import { makeRepository, type Repository, tinyServer } from './support/repository.ts'
import { waitFor } from './support/wait.ts'

const key = 'Kx7&"v2/q\'9-secret'
const ofProduction = 'only-of-production-77'
const forms = [
  key,
  ofProduction,
  ...[key, ofProduction].map((one) => Buffer.from(one).toString('base64').slice(0, -3)),
]

/**
 * Says its secret wherever a step can: in its log, in what was compared in a test, in a finding, in
 * a number's name.
 */
const tell = `
const { writeFileSync } = require('node:fs')
const key = process.env.API_KEY ?? 'none'
const xml = key.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;')
console.log('key', key, Buffer.from(key).toString('base64'), 'flag', process.env.FLAG, 'other', process.env.PROD_KEY ?? 'none')
writeFileSync('junit.xml', '<testsuite name="s"><testcase name="signs in as ' + xml + '"><failure message="expected ' + xml + '"/></testcase></testsuite>')
const result = { ruleId: 'r', level: 'error', message: { text: 'found ' + key }, locations: [] }
writeFileSync('scan.sarif', JSON.stringify({ version: '2.1.0', runs: [{ tool: { driver: { name: 'scan', rules: [] } }, results: [result] }] }))
setTimeout(() => process.exit(0), 1500)
`
const yaml = (service: string): string => `
steps:
  tell: {run: node tell.cjs, secrets: [API_KEY, FLAG, PROD_KEY], reports: [junit.xml, scan.sarif], optional: true}
  plain: {run: 'echo "unnamed [$API_KEY]"'}
services: {web: {run: '${service}', health: /}}
environments:
  dev: {verify: 'echo "verified [$API_KEY] at $FAIRLEAD_URL"'}
  production: {}
`

let installation: Installation
let repository: Repository
beforeAll(async () => {
  installation = await startInstallation()
  repository = await makeRepository({
    'tell.cjs': tell,
    'server.js': tinyServer('shop'),
    'fairlead.yaml': yaml('echo "key $API_KEY"; exec node server.js'),
  })
})
afterAll(async () => {
  await installation.stop()
  await repository.remove()
})

const deliver = async (): Promise<number> => {
  await push(installation, 'shop', repository)
  return (await installation.client.listRuns({ query: { app: 'shop', limit: 1 } })).runs[0]!.id
}
const logOf = (run: number, step: string): string =>
  readFileSync(join(installation.home, `runs/${run}/log/${step}/1.jsonl`), 'utf8')

test('a secret appears only where it is requested', async () => {
  await endedRun(installation, await deliver())
  const set = (environment: string, secrets: Record<string, string>) =>
    installation.client.changeConfiguration({
      params: { app: 'shop', environment },
      body: { secrets },
    })
  await set('dev', { API_KEY: key, FLAG: 'true' })
  await set('production', { PROD_KEY: ofProduction })
  await waitFor('the service speaks', async () => {
    const { lines } = await installation.client.getServiceLog({
      params: { app: 'shop', environment: 'dev' },
      query: {},
    })
    return lines.some(({ text }) => text === 'key ***')
  })
  // Says its secret, and ends with it.
  await repository.commit({ 'fairlead.yaml': yaml('echo "key $API_KEY"; exit 3') })
  const id = await deliver()
  const log = join(installation.home, `runs/${id}/log/tell/1.jsonl`)
  await waitFor('the step speaks', async () => {
    try {
      return readFileSync(log, 'utf8').includes('key')
    } catch {
      return false
    }
  })
  const commands = readdirSync('/proc').flatMap((pid) => {
    try {
      return /^\d+$/.test(pid) ? [readFileSync(`/proc/${pid}/cmdline`, 'utf8')] : []
    } catch {
      return []
    }
  })
  expect(commands.some((text) => text.includes('tell.cjs'))).toBe(true)
  expect(commands.filter((text) => forms.some((form) => text.includes(form)))).toEqual([])

  const run = await endedRun(installation, id)
  const [first, told] = logOf(id, 'tell').split('\n')
  // A step gets what it names, of the environment that comes first; a usual word stays readable,
  // and that is said.
  expect(first).toContain('FLAG: not masked in logs, because its value is too short or too common.')
  expect(told).toContain('key *** *** flag true other none')
  expect(logOf(id, 'plain')).toContain('unnamed []')
  const { deployments } = await installation.client.listDeployments({ query: { app: 'shop' } })
  const failed = deployments.find((one) => one.run === id)!
  expect(failed.reason).toContain('its output ends with: key ***')
  expect(run.steps.find(({ name }) => name === 'tell')?.reason).toBe(
    '1 of 1 tests failed: signs in as ***',
  )
  const told2 = await installation.client.listTests({ params: { run: id }, query: {} })
  expect(JSON.stringify(told2)).toContain('expected ***')
  const findings = await installation.client.listFindings({ params: { run: id }, query: {} })
  expect(JSON.stringify(findings)).toContain('found ***')
})

test('stored data contains secrets only in encrypted form, on the host, and in the log of the service', async () => {
  const db = new pg.Client(installation.connection)
  await db.connect()
  const { rows: tables } = await db.query<{ name: string }>(
    `select tablename as name from pg_tables where schemaname = 'public'`,
  )
  expect(tables.length).toBeGreaterThan(20)
  const texts: [string, string][] = []
  for (const { name } of tables) {
    const { rows } = await db.query<{ text: string }>(
      `select string_agg(t::text, ' ') as text from "${name}" t`,
    )
    texts.push([name, rows[0]?.text ?? ''])
  }
  await db.end()
  const files = readdirSync(installation.home, { recursive: true, encoding: 'utf8' }).filter(
    (name) =>
      (name.startsWith('runs/') && name.includes('/log/')) ||
      name.startsWith('log/') ||
      name.startsWith('cache/'),
  )
  for (const name of files) {
    const file = join(installation.home, name)
    if (statSync(file).isFile()) texts.push([name, readFileSync(file, 'utf8')])
  }
  texts.push(['output', installation.output()])
  expect(files.some((name) => name.includes('tell'))).toBe(true)
  expect(
    texts.filter(([, text]) => forms.some((form) => text.includes(form))).map(([name]) => name),
  ).toEqual([])
})

test('the API never returns a secret', async () => {
  const { client } = installation
  const answers = [
    await client.getConfiguration({ params: { app: 'shop', environment: 'dev' } }),
    await client.listConfigurations({ params: { app: 'shop', environment: 'dev' } }),
    await client.listEvents({ query: { limit: 500 } }),
    await client.getEnvironment({ params: { app: 'shop', environment: 'dev' } }),
    await client
      .changeConfiguration({
        params: { app: 'shop', environment: 'dev' },
        body: { variables: { 'not a name': 'x' }, secrets: { API_KEY: ofProduction } },
      })
      .catch((error: FairleadError) => error.toProblem()),
  ]
  for (const answer of answers)
    for (const form of forms) expect(JSON.stringify(answer)).not.toContain(form)
})
