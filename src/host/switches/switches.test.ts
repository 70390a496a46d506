import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { HostSwitches } from '#contract/host/switches.ts'
import type { SwitchDefinition } from '#contract/switch/switch.ts'
import { Ports } from '../port.ts'
import { answerOfrep } from './ofrep.ts'
import { statesOf, type SwitchSource } from './states.ts'
import { createSwitches, type SwitchServer } from './switches.ts'
import { environmentOfToken, tokenOf } from './token.ts'

const boolean = (variant: 'on' | 'off'): SwitchDefinition => ({
  ...{ type: 'boolean', default: { variant } },
  variants: { on: true, off: false },
})
const source = (...releases: Record<string, SwitchDefinition>[]): SwitchSource => ({
  ...{ app: 'shop', environment: 'production', releases },
})
const off = (name: string, version = '1', environment = 'production'): HostSwitches => ({
  ...{ version, taken: [] },
  settings: [
    {
      ...{ app: 'shop', environment, name },
      setting: { serve: { variant: 'off' }, split: [], keys: { ada: { variant: 'on' } } },
    },
  ],
})

let folder: string
let sources: SwitchSource[] = []
const started: SwitchServer[] = []
const ports = new Ports(Math.random)
const start = async (): Promise<SwitchServer> => {
  const one = createSwitches({
    ...{ folder, sources: () => sources, log: () => undefined },
    freePort: () => ports.assign(null),
  })
  started.push(one)
  await one.start()
  return one
}
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fairlead-switches-'))
})
afterAll(() => {
  for (const one of started) one.stop()
  rmSync(folder, { recursive: true })
})

/** Evaluates as an SDK does that is configured by the variables of a service. */
const ask = async (
  server: SwitchServer,
  path: string,
  init: { body?: string; headers?: Record<string, string> } = {},
) => {
  const { OFREP_ENDPOINT = '', OFREP_HEADERS = '' } = server.place('shop', 'production').sdk
  const [name = '', value = ''] = OFREP_HEADERS.split('=')
  return fetch(`${OFREP_ENDPOINT}/ofrep/v1/evaluate/flags${path}`, {
    ...{ method: 'POST', body: '{}', ...init },
    headers: { [name]: value, connection: 'close', ...init.headers },
  })
}

test('the release with the traffic decides what a switch is', () => {
  const states = statesOf(
    source({ recharge: boolean('on') }, { recharge: boolean('off'), mail: boolean('off') }),
    off('mail'),
  )
  expect(states.get('recharge')).toEqual({ definition: boolean('on'), setting: null })
  expect(states.get('mail')?.setting?.serve).toEqual({ variant: 'off' })
  expect(statesOf(source({ mail: boolean('on') }), off('mail', '1', 'dev')).get('mail')).toEqual({
    ...{ definition: boolean('on'), setting: null },
  })
})

test('a token is for one environment', () => {
  const [secret, other] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)]
  const token = tokenOf(secret, 'shop', 'production')
  expect(environmentOfToken(secret, token)).toEqual({ app: 'shop', environment: 'production' })
  expect(environmentOfToken(other, token)).toBeNull()
  expect(environmentOfToken(secret, token.replace('production', 'dev'))).toBeNull()
  for (const text of ['', 'shop.production', 'shop.production.zz', `${token}0`, token.slice(0, -2)])
    expect(environmentOfToken(secret, text)).toBeNull()
})

test('answers as OFREP says', () => {
  const states = statesOf(source({ recharge: boolean('on') }), off('recharge'))
  const send = (path: string, body: string, more: { method?: string; tag?: string } = {}) =>
    answerOfrep(
      {
        ...{ method: more.method ?? 'POST', path: `/ofrep/v1/evaluate/flags${path}`, body },
        ...{ authorization: 'Bearer good', ifNoneMatch: more.tag },
      },
      (token) => (token === 'good' ? states : null),
    )
  expect(send('/recharge', '{"context":{"targetingKey":"ada","plan":"gold"}}')).toMatchObject({
    status: 200,
    body: { key: 'recharge', value: true, variant: 'on', reason: 'TARGETING_MATCH' },
  })
  expect(send('/recharge', '').body).toMatchObject({ value: false, reason: 'STATIC' })
  expect(send('/absent', '{}')).toMatchObject({
    status: 404,
    body: { key: 'absent', errorCode: 'FLAG_NOT_FOUND' },
  })
  expect(send('/recharge', '{')).toMatchObject({ status: 400, body: { errorCode: 'PARSE_ERROR' } })
  for (const body of ['{"context":7}', '{"context":{"targetingKey":7}}', '[]', 'null'])
    expect(send('/recharge', body)).toMatchObject({
      status: 400,
      body: { key: 'recharge', errorCode: 'INVALID_CONTEXT' },
    })
  expect(send('', '[]').body).not.toHaveProperty('key')
  expect(send('/%E0', '{}').status).toBe(404)
  expect(send('s', '{}').status).toBe(404)
  expect(send('', '', { method: 'GET' }).status).toBe(405)
  const all = send('', '{}')
  expect(all.body).toEqual({
    flags: [{ key: 'recharge', value: false, variant: 'off', reason: 'STATIC' }],
  })
  const tag = all.headers['etag'] ?? ''
  expect(send('', '{}', { tag: `"x", W/${tag}` })).toEqual({
    ...{ status: 304, headers: { etag: tag }, body: null },
  })
  // The answer for another key is another one.
  expect(send('', '{"context":{"targetingKey":"ada"}}', { tag }).status).toBe(200)
})

test('serves the file and the API, and the next host goes on at the same address', async () => {
  sources = [source({ recharge: boolean('on') })]
  const first = await start()
  const { file, sdk } = first.place('shop', 'production')
  const inFile = () => JSON.parse(readFileSync(file, 'utf8')) as { switches: object }
  expect(inFile().switches).toMatchObject({ recharge: { value: true, variant: 'on' } })
  expect(statSync(file).mode & 0o777).toBe(0o644)
  first.set(off('recharge', '7'))
  expect(inFile().switches).toMatchObject({
    recharge: { value: false, setting: { keys: { ada: { variant: 'on' } } } },
  })
  expect(await (await ask(first, '/recharge')).json()).toMatchObject({ value: false })
  const bulk = await ask(first, '')
  const tag = bulk.headers.get('etag') ?? ''
  expect((await ask(first, '', { headers: { 'if-none-match': tag } })).status).toBe(304)
  expect((await ask(first, '', { headers: { Authorization: 'Bearer x' } })).status).toBe(401)
  expect((await ask(first, '', { body: `"${'x'.repeat(70_000)}"` })).status).toBe(413)
  const next = await start()
  expect(next.report()).toEqual({ version: '7', changes: [], rollouts: [] })
  expect(next.place('shop', 'production').sdk).toEqual(sdk)
  first.stop()
  expect(await (await ask(next, '/recharge')).json()).toMatchObject({ value: false })
})

test('a change on the host is served until a set of the server has it', async () => {
  sources = [source({ recharge: boolean('on') })]
  const first = await start()
  const name = { app: 'shop', environment: 'production', name: 'recharge' }
  first.set(off('recharge', '8'))
  first.change(name, {
    setting: { serve: { variant: 'on' }, split: [], keys: {} },
    reason: 'it is safe',
  })
  expect(first.list('shop', 'production')).toMatchObject([
    { name: 'recharge', setting: { serve: { variant: 'on' } } },
  ])
  const absent = () => first.change({ ...name, name: 'absent' }, { setting: null, reason: '' })
  expect(absent).toThrow('There is no switch absent')
  first.stop()
  const next = await start()
  const { version, changes } = next.report()
  expect([version, changes[0]?.reason]).toEqual(['8', 'it is safe'])
  // A set that was made before does not end it.
  next.set(off('recharge', '9'))
  expect(next.list('shop', 'production')).toMatchObject([{ setting: { serve: { variant: 'on' } } }])
  next.set({ ...off('recharge', '10'), taken: changes.map(({ id }) => id) })
  expect(next.list('shop', 'production')).toMatchObject([
    { setting: { serve: { variant: 'off' } } },
  ])
  expect(next.report().changes).toEqual([])
})

/** What an app asks of the SDK, with the provider of OFREP; prints the answers. */
const sdkApp = `
const { OpenFeature } = require('@openfeature/server-sdk')
const { OFREPProvider } = require('@openfeature/ofrep-provider')
const { OFREP_ENDPOINT: baseUrl, OFREP_HEADERS } = process.env
const [name, value] = OFREP_HEADERS.split('=')
const use = (headers) =>
  OpenFeature.setProviderAndWait(new OFREPProvider({ baseUrl, headers }))
const main = async () => {
  await use({ [name]: value })
  const client = OpenFeature.getClient()
  const of = (targetingKey) => ({ targetingKey, plan: 'gold', signedIn: new Date() })
  const answers = {
    everybody: await client.getBooleanDetails('recharge', true),
    ada: await client.getBooleanDetails('recharge', false, of('ada')),
    share: await client.getStringDetails('checkout', 'none', of('ada')),
    rest: await client.getStringDetails('checkout', 'none', of('bob')),
    keyless: await client.getStringDetails('checkout', 'none'),
    rate: await client.getNumberDetails('rate', 9),
    limits: await client.getObjectDetails('limits', {}),
    absent: await client.getBooleanDetails('absent', true),
    mistaken: await client.getBooleanDetails('checkout', true),
  }
  await use({ [name]: 'Bearer wrong' })
  answers.refused = await client.getBooleanDetails('recharge', true)
  console.log(JSON.stringify(answers))
  process.exit(0)
}
main()
`

test('the SDK of OpenFeature for Node evaluates switches of every type', async () => {
  // Servers of other tests listen at the same address.
  for (const one of started.splice(0)) one.stop()
  const limits = { few: { mails: 5 }, many: { mails: 50 } }
  sources = [
    source({
      recharge: boolean('on'),
      checkout: { type: 'string', default: { variant: 'old' }, variants: { old: 'v1', new: 'v2' } },
      rate: { type: 'number', default: { value: 0.5 }, variants: {} },
      limits: { type: 'object', default: { variant: 'few' }, variants: limits },
    }),
  ]
  const server = await start()
  const split = [{ serve: { variant: 'new' }, percent: 50 }]
  const half = { serve: { variant: 'old' }, split, keys: {} }
  const checkout = { app: 'shop', environment: 'production', name: 'checkout', setting: half }
  server.set({ version: '20', taken: [], settings: [...off('recharge').settings, checkout] })
  const { sdk } = server.place('shop', 'production')
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', sdkApp], {
    env: { ...sdk, PATH: process.env['PATH'] },
  })
  // The numbers of the keys ada and bob are 2392 and 6832: see docs/switches.md.
  expect(JSON.parse(stdout)).toMatchObject({
    everybody: { value: false, variant: 'off', reason: 'STATIC' },
    ada: { value: true, variant: 'on', reason: 'TARGETING_MATCH' },
    share: { value: 'v2', variant: 'new', reason: 'SPLIT' },
    rest: { value: 'v1', variant: 'old', reason: 'SPLIT' },
    keyless: { value: 'v1', reason: 'DEFAULT' },
    rate: { value: 0.5, reason: 'STATIC' },
    limits: { value: { mails: 5 }, variant: 'few' },
    absent: { value: true, reason: 'ERROR', errorCode: 'FLAG_NOT_FOUND' },
    mistaken: { value: true, reason: 'ERROR', errorCode: 'TYPE_MISMATCH' },
    refused: { value: true, reason: 'ERROR' },
  })
})
