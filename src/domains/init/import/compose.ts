import { z } from 'zod'
import { FairleadError } from '#contract/errors.ts'
import type { Proposal } from '../detector.ts'
import type { Folder } from '../folder.ts'
import {
  filled,
  type Imported,
  type ImportedService,
  megabytes,
  mustBe,
  mustFind,
  nameFor,
  noCommand,
  readYaml,
  scalar,
  shellWords,
} from './imported.ts'

// https://github.com/compose-spec/compose-spec/blob/main/spec.md

const words = z.union([z.string(), z.array(scalar).transform(shellWords)]).nullish()
/** `KEY: value`, or `KEY=value` in a list; without a value it is that of the shell of Compose */
const environment = z
  .union([
    z.record(z.string(), scalar.nullable()),
    z.array(z.string()).transform((all) =>
      Object.fromEntries(
        all.map((one) => {
          const at = one.indexOf('=')
          return at < 0 ? [one, null] : [one.slice(0, at), one.slice(at + 1)]
        }),
      ),
    ),
  ])
  .nullish()
const composeService = z.looseObject({
  build: z.union([z.string(), z.looseObject({})]).nullish(),
  image: z.string().nullish(),
  command: words,
  entrypoint: words,
  environment,
  env_file: z.unknown().optional(),
  ports: z.array(z.unknown()).nullish(),
  volumes: z.array(z.unknown()).nullish(),
  mem_limit: scalar.nullish(),
  deploy: z
    .looseObject({
      replicas: z.number().int().positive().optional(),
      resources: z
        .looseObject({ limits: z.looseObject({ memory: scalar.optional() }).optional() })
        .optional(),
    })
    .nullish(),
})
const composeFile = z.looseObject({
  name: z.string().optional(),
  services: z.record(z.string(), composeService),
})
type ComposeService = z.output<typeof composeService>

/** The files in which Compose looks, in its order. */
const names = ['compose.yaml', 'compose.yml', 'docker-compose.yaml', 'docker-compose.yml']

/** The services that a file of Docker Compose builds. */
export function importCompose(folder: Folder, detected: Proposal): Imported {
  const path = mustFind(folder, names)
  const file = mustBe(composeFile, path, readYaml(folder, path))
  const all = Object.entries(file.services)
  const built = all
    .filter(([, { build }]) => build !== undefined && build !== null)
    .toSorted(([, a], [, b]) => Number(hasPorts(b)) - Number(hasPorts(a)))
  if (built.length === 0)
    throw new FairleadError('not_now', {
      why: `No service of ${path} has \`build\`, so there is no app to deliver`,
    })
  const services = built.map(([name, one], i) => [
    nameFor(name),
    serviceOf(one, { isFirst: i === 0, run: detected.services[i]?.run }),
  ])
  return {
    ...(file.name === undefined ? {} : { app: nameFor(file.name) }),
    services: Object.fromEntries(services) as Record<string, ImportedService>,
    environments: { dev: {}, staging: {}, production: {} },
    found: [...all.flatMap(([name, one]) => notes(name, one))],
  }
}

const hasPorts = ({ ports }: ComposeService): boolean => (ports ?? []).length > 0

/** Whether Compose takes a value from its shell or from `.env`. */
const isOutside = (value: string | null): boolean => value === null || /\$\{?\w/.test(value)

function serviceOf(
  one: ComposeService,
  { isFirst, run }: { isFirst: boolean; run: string | undefined },
): ImportedService {
  const { entrypoint, command, environment: env, deploy, mem_limit: limit } = one
  const own = [entrypoint, command].filter(Boolean).join(' ')
  const memory = megabytes(limit ?? deploy?.resources?.limits?.memory ?? '')
  const fixed = Object.entries(env ?? {}).filter(([, value]) => !isOutside(value))
  return filled({
    // `$$` is a `$` for the shell of the container.
    run: own.replaceAll('$$', '$') || (run ?? noCommand),
    ...(hasPorts(one) && !isFirst ? { port: true } : {}),
    ...(!hasPorts(one) && isFirst ? { port: false } : {}),
    ...(deploy?.replicas === undefined ? {} : { instances: deploy.replicas }),
    ...(memory === null ? {} : { memory }),
    env: Object.fromEntries(fixed.map(([key, value]) => [key, value ?? ''])),
  })
}

/** What the reader has to do for a service. */
function notes(name: string, one: ComposeService): string[] {
  if (one.build === undefined || one.build === null)
    return [
      `The service ${name}${one.image ? ` (${one.image})` : ''} is not built from the repository ` +
        'and not part of fairlead.yaml; let it run beside Fairlead, or see docs/docker.md.',
    ]
  const outside = Object.entries(one.environment ?? {}).filter(([, value]) => isOutside(value))
  return [
    ...(outside.length === 0
      ? []
      : [`Set these variables of ${name}: ${outside.map(([key]) => key).join(', ')}.`]),
    ...(one.env_file === undefined || one.env_file === null
      ? []
      : [`Set the variables in the \`env_file\` of ${name} with \`fairlead env set\`.`]),
    ...(hasPorts(one) ? [`The service ${name} must listen on $PORT.`] : []),
    ...((one.volumes ?? []).length > 0
      ? [`What ${name} keeps in volumes belongs in the folder $FAIRLEAD_DATA_DIR.`]
      : []),
  ]
}
