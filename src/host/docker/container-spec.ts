import { basename } from 'node:path'
import type { HostRelease } from '#contract/host/release.ts'
import type { HostContainer, HostService } from '#contract/host/service.ts'
import type { SwitchPlace } from '../switches/place.ts'
import { shellWord } from '#platform/process/shell-word.ts'

/** The labels of everything that a host makes in an Engine. */
export const labels = {
  installation: 'dev.fairlead.installation',
  marker: 'dev.fairlead.marker',
  app: 'dev.fairlead.app',
  environment: 'dev.fairlead.environment',
  release: 'dev.fairlead.release',
  service: 'dev.fairlead.service',
  instance: 'dev.fairlead.instance',
  fence: 'dev.fairlead.fence',
} as const

/** Folders in a container. */
export const inside = {
  artifact: '/app',
  data: '/data',
  config: '/config',
  secrets: '/run/secrets',
  switches: '/run/switches',
  tmp: '/tmp',
} as const

/** The file with the secrets as variables, for a command of `sh`. */
export const variablesFile = '.variables'

export interface ContainerPlace {
  installation: string
  marker: string
  release: HostRelease
  service: HostService
  container: HostContainer
  /** the id of its image on this machine */
  image: string
  index: number
  /** folders of the machine */
  folder: string
  dataFolder: string
  configFolder: string
  tmpFolder: string
  secretsFolder: string
  switches?: SwitchPlace | undefined
}

/** The body of `/containers/create` for an instance. It has no secret. */
export function containerSpec(place: ContainerPlace): Record<string, unknown> {
  const { service, container, image } = place
  const port = `${container.port}/tcp`
  return {
    Image: image,
    Labels: labelsOf(place),
    Env: Object.entries(variablesOf(place)).map(([name, value]) => `${name}=${value}`),
    ...commandOf(service),
    ...(container.user === undefined ? {} : { User: container.user }),
    ...(service.port ? { ExposedPorts: { [port]: {} } } : {}),
    // The host checks the health of each instance itself.
    Healthcheck: { Test: ['NONE'] },
    HostConfig: hostConfig(place),
  }
}

/** An image keeps its own folder and command; a command of `sh` runs in the artifact. */
function commandOf({ run, directory }: HostService): Record<string, unknown> {
  if (run === undefined) return {}
  return {
    Entrypoint: ['/bin/sh', '-c', `. ${inside.secrets}/${variablesFile}\n${run}`],
    Cmd: [],
    WorkingDir: directory === '.' ? inside.artifact : `${inside.artifact}/${directory}`,
  }
}

function hostConfig(place: ContainerPlace): Record<string, unknown> {
  const { service, container } = place
  const { memory } = service
  return {
    Mounts: mountsOf(place),
    NetworkMode: 'bridge',
    RestartPolicy: { Name: 'no' },
    CapDrop: ['ALL'],
    CapAdd: container.capabilities,
    SecurityOpt: ['no-new-privileges'],
    ReadonlyRootfs: container.readOnly,
    PidsLimit: 4096,
    // Without swap, as processes are limited.
    ...(memory === undefined ? {} : { Memory: memory, MemorySwap: memory }),
    ...(container.cpus === undefined ? {} : { NanoCpus: Math.round(container.cpus * 1e9) }),
    LogConfig: { Type: 'json-file', Config: { 'max-size': '32m', 'max-file': '2' } },
  }
}

function mountsOf(place: ContainerPlace): Record<string, unknown>[] {
  const { folder, dataFolder, configFolder, tmpFolder, secretsFolder, service, switches } = place
  const mount = (Source: string, Target: string, ReadOnly: boolean) => ({
    ...{ Type: 'bind', Source, Target, ReadOnly },
  })
  return [
    mount(folder, inside.artifact, true),
    mount(dataFolder, inside.data, false),
    mount(tmpFolder, inside.tmp, false),
    mount(secretsFolder, inside.secrets, true),
    ...((service.files ?? []).length > 0 ? [mount(configFolder, inside.config, true)] : []),
    ...(switches ? [mount(switches.folder, inside.switches, true)] : []),
  ]
}

function labelsOf({ installation, marker, release, service, index }: ContainerPlace) {
  return {
    [labels.installation]: installation,
    [labels.marker]: marker,
    [labels.app]: release.app,
    [labels.environment]: release.environment,
    [labels.release]: String(release.release),
    [labels.service]: service.name,
    [labels.instance]: String(index),
    [labels.fence]: `${release.fence.deployment}/${release.fence.epoch}`,
  }
}

/** The variables that `inspect` shows: those of the image stay, and secrets are in files. */
function variablesOf(place: ContainerPlace): Record<string, string> {
  const { release, service, container, marker, index, switches } = place
  const secrets = new Set(service.secrets)
  const open = Object.entries({ ...release.env, ...service.env }).filter(
    ([name]) => !secrets.has(name),
  )
  return {
    ...Object.fromEntries(open),
    ...(service.port ? { PORT: String(container.port), HOST: '0.0.0.0' } : {}),
    ...Object.fromEntries(
      [...secrets].map((name) => [`${name}_FILE`, `${inside.secrets}/${name}`]),
    ),
    SENTRY_NAME: service.name,
    FAIRLEAD_APP: release.app,
    FAIRLEAD_ENVIRONMENT: release.environment,
    FAIRLEAD_RELEASE: String(release.release),
    FAIRLEAD_SERVICE: service.name,
    FAIRLEAD_INSTANCE: String(index),
    FAIRLEAD_DATA_DIR: inside.data,
    FAIRLEAD_CONFIG_DIR: inside.config,
    FAIRLEAD_METRICS_FILE: `${inside.tmp}/metrics.prom`,
    ...(switches && { FAIRLEAD_SWITCHES: `${inside.switches}/${basename(switches.file)}` }),
    FAIRLEAD_PROCESS: marker,
  }
}

/** The files of `/run/secrets` by name; the one for `sh` sets all of them as variables. */
export function secretFiles({ env, secrets = [] }: HostService): Record<string, string> {
  const entries = secrets.flatMap((name) => {
    const value = env[name]
    return value === undefined ? [] : [[name, value] as const]
  })
  const variables = entries.map(([name, value]) => `export ${name}=${shellWord(value)}\n`)
  return { ...Object.fromEntries(entries), [variablesFile]: variables.join('') }
}

/** The number of a user in `/etc/passwd`, or of a number; null for an unknown name. */
export function userNumber(user: string, passwd: string): number | null {
  const [name = ''] = user.split(':')
  if (name === '') return 0
  if (/^\d+$/.test(name)) return Number(name)
  const line = passwd.split('\n').find((one) => one.startsWith(`${name}:`))
  const number = line?.split(':')[2]
  return number === undefined ? null : Number(number)
}
