import { z } from 'zod'
import { FairleadError } from '#contract/errors.ts'
import type { Proposal } from '../detector.ts'
import type { Folder } from '../folder.ts'
import {
  filled,
  type Imported,
  type ImportedEnvironment,
  type ImportedService,
  megabytes,
  mustBe,
  mustFind,
  nameFor,
  noCommand,
  readYaml,
  scalar,
} from './imported.ts'

// https://kamal-deploy.org/docs/configuration/overview/

const address = z.union([z.string(), z.record(z.string(), z.unknown())])
const variables = z
  .union([
    z.looseObject({
      clear: z.record(z.string(), scalar).optional(),
      secret: z.array(z.string()).optional(),
      tags: z.unknown().optional(),
    }),
    z.record(z.string(), scalar),
  ])
  .transform((env) => {
    const isSorted = 'clear' in env || 'secret' in env || 'tags' in env
    const { clear = {}, secret = [] } = (isSorted ? env : { clear: env }) as {
      clear?: Record<string, string>
      secret?: string[]
    }
    // `NAME:NAME_OF_THE_SECRET`
    const names = secret.map((one) => one.split(':', 1).join(''))
    return { clear, secrets: names }
  })
const proxy = z.union([
  z.boolean(),
  z.looseObject({
    host: z.string().optional(),
    hosts: z.array(z.string()).optional(),
    app_port: z.number().optional(),
    healthcheck: z.looseObject({ path: z.string().optional() }).optional(),
  }),
])
const role = z.union([
  z.array(address),
  z.looseObject({
    hosts: z.array(address),
    cmd: z.string().optional(),
    env: variables.optional(),
    proxy: proxy.optional(),
    options: z.looseObject({ memory: scalar.optional() }).optional(),
  }),
])
const kamalFile = z.looseObject({
  service: z.string(),
  servers: z.union([z.array(address), z.record(z.string(), role)]),
  primary_role: z.string().optional(),
  env: variables.optional(),
  proxy: proxy.optional(),
  volumes: z.array(z.string()).optional(),
  accessories: z.record(z.string(), z.looseObject({ image: z.string().optional() })).optional(),
  ssh: z.looseObject({ user: z.string().optional() }).optional(),
})
type KamalFile = z.output<typeof kamalFile>

interface Role {
  name: string
  isPrimary: boolean
  addresses: string[]
  run: string | undefined
  env: z.output<typeof variables>
  /** null when it takes no requests */
  health: string | null
  memory: number | null
}

/** The `config/deploy.yml` of Kamal 2, and its destinations. */
export function importKamal(folder: Folder, detected: Proposal): Imported {
  const path = mustFind(folder, ['config/deploy.yml', 'config/deploy.yaml'])
  const base = readWithoutErb(folder, path)
  const places = folder.files.flatMap((file) => {
    const [, name] = /^config\/deploy\.([\w-]+)\.ya?ml$/.exec(file) ?? []
    return name === undefined ? [] : [{ name: nameFor(name), file }]
  })
  const all = places.map(({ name, file }) => ({
    ...{ name, file: mustBe(kamalFile, file, merge(base, readWithoutErb(folder, file))) },
  }))
  if (all.length === 0) all.push({ name: 'production', file: mustBe(kamalFile, path, base) })
  const inOrder = all.toSorted((a, b) => isLast(a.name) - isLast(b.name))
  const last = inOrder.at(-1)!.file
  const services = rolesOf(last).map((one) => [nameFor(one.name), serviceOf(one, detected)])
  return {
    app: nameFor(last.service),
    services: Object.fromEntries(services) as Record<string, ImportedService>,
    environments: Object.fromEntries(inOrder.map(({ name, file }) => [name, environmentOf(file)])),
    found: [...new Set(inOrder.flatMap((one) => notes(nameFor(last.service), one)))],
  }
}

const isLast = (name: string): number => Number(name === 'production')

function readWithoutErb(folder: Folder, path: string): unknown {
  const line = folder
    .read(path)
    .split('\n')
    .findIndex((text) => text.includes('<%'))
  if (line >= 0)
    throw new FairleadError('not_now', {
      why: `${path} has ERB in line ${line + 1}; write its value there`,
    })
  return readYaml(folder, path)
}

/** Kamal merges a destination deeply; a list replaces a list. */
function merge(base: unknown, over: unknown): unknown {
  const isObject = (one: unknown): one is Record<string, unknown> =>
    typeof one === 'object' && one !== null && !Array.isArray(one)
  if (!isObject(base) || !isObject(over)) return over ?? base
  const keys = [...new Set([...Object.keys(base), ...Object.keys(over)])]
  return Object.fromEntries(keys.map((key) => [key, merge(base[key], over[key])]))
}

/** The primary role first. */
function rolesOf(file: KamalFile): Role[] {
  const { servers, primary_role: primary = 'web' } = file
  const roles = Array.isArray(servers) ? { [primary]: servers } : servers
  return Object.entries(roles)
    .map(([name, value]) => {
      const one = Array.isArray(value) ? { hosts: value } : value
      const isPrimary = name === primary
      const memory = one.options?.memory
      return {
        ...{ name, isPrimary, run: one.cmd },
        addresses: one.hosts.map((host) =>
          typeof host === 'string' ? host : Object.keys(host).join(''),
        ),
        env: one.env ?? { clear: {}, secrets: [] },
        health: healthOf(one.proxy ?? (isPrimary ? (file.proxy ?? true) : false), file.proxy),
        memory: memory === undefined ? null : megabytes(memory),
      }
    })
    .toSorted((a, b) => Number(b.isPrimary) - Number(a.isPrimary))
}

type Proxy = z.output<typeof proxy>

function healthOf(own: Proxy, shared: Proxy | undefined): string | null {
  if (own === false) return null
  const pathOf = (one: Proxy | undefined): string | undefined =>
    typeof one === 'object' ? one.healthcheck?.path : undefined
  return pathOf(own) ?? pathOf(shared) ?? '/up'
}

function serviceOf({ run, isPrimary, env, health, memory }: Role, detected: Proposal) {
  // A role without a command runs that of the image.
  return filled({
    run: run ?? detected.services[0]?.run ?? noCommand,
    ...(health === null ? {} : { health }),
    ...(isPrimary && health === null ? { port: false } : {}),
    ...(memory === null ? {} : { memory }),
    env: env.clear,
  })
}

function environmentOf(file: KamalFile): ImportedEnvironment {
  const names = hostNamesOf(file).map(({ name }) => name)
  const [host = '', ...others] = names
  const place = others.length === 0 ? { host } : { hosts: names }
  return filled({ target: { kind: 'process', ...place }, env: file.env?.clear ?? {} })
}

function hostNamesOf(file: KamalFile): { name: string; address: string }[] {
  const all = [...new Set(rolesOf(file).flatMap(({ addresses }) => addresses))]
  return all.map((one) => ({ name: nameFor(one), address: one }))
}

/** What the reader has to do for an environment. */
const notes = (app: string, place: { name: string; file: KamalFile }): string[] => [
  ...hostNotes(place),
  ...secretNotes(app, place),
  ...appNotes(place),
]

function hostNotes({ name, file }: { name: string; file: KamalFile }): string[] {
  const roles = rolesOf(file)
  const hosts = hostNamesOf(file)
  const user = file.ssh?.user ?? 'root'
  const isSplit = roles.some(({ addresses }) => addresses.length < hosts.length)
  return [
    ...hosts.map(
      ({ name: host, address: to }) =>
        `Add a host: fairlead hosts add ${user}@${to} --name ${host}`,
    ),
    ...(isSplit
      ? [`Every service runs on each host of ${name}; Kamal ran some roles on some of them only.`]
      : []),
  ]
}

function secretNotes(app: string, { name, file }: { name: string; file: KamalFile }): string[] {
  const ofRoles = rolesOf(file).flatMap(({ env }) => env.secrets)
  const secrets = [...new Set([...(file.env?.secrets ?? []), ...ofRoles])]
  return secrets.length === 0
    ? []
    : [
        `Set these secrets before the first delivery: ${secrets.join(', ')}; such ` +
          `as \`fairlead secret set ${app} ${name} ${secrets[0]}\`.`,
      ]
}

function appNotes({ name, file }: { name: string; file: KamalFile }): string[] {
  const own = typeof file.proxy === 'object' ? file.proxy : {}
  const domains = [own.host ?? [], own.hosts ?? []].flat()
  return [
    ...(domains.length === 0
      ? []
      : [`Give ${name} its domains with the key \`domains\`: ${domains.join(', ')}.`]),
    ...(own.app_port === undefined
      ? []
      : [`The service must listen on $PORT instead of ${own.app_port}.`]),
    ...(file.volumes?.length
      ? ['What is in volumes belongs in the folder $FAIRLEAD_DATA_DIR.']
      : []),
    ...Object.entries(file.accessories ?? {}).map(
      ([one, { image }]) =>
        `The accessory ${one}${image === undefined ? '' : ` (${image})`} is not part of ` +
        'fairlead.yaml; let it run where it is.',
    ),
  ]
}
