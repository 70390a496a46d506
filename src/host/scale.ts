import { readFileSync } from 'node:fs'
import { type HostScale, hostScale } from '#contract/host/scale.ts'
import type { HostService } from '#contract/host/service.ts'
import { replaceFile } from './state.ts'

export interface ScaleOptions {
  /** Holds the numbers, so that they outlive this process and the server. */
  file: string
  /** Called after a change. */
  changed(): void
  log(message: string, fields?: Record<string, unknown>): void
}

/** How many instances of services run, where that is not the number of fairlead.yaml. */
export interface Scale {
  /** Replaces all numbers. Throws when they cannot be written; the former ones stay then. */
  set(wanted: HostScale): void
  instancesOf(place: Place, service: ScaledService): number
}

interface Place {
  app: string
  environment: string
}

type ScaledService = Pick<HostService, 'name' | 'instances' | 'exclusive'>

/** Begins with the numbers of the last host process. */
export function createScale({ file, changed, log }: ScaleOptions): Scale {
  let current = readScale(file, log)
  return {
    set: (wanted) => {
      if (JSON.stringify(wanted) === JSON.stringify(current)) return
      replaceFile(file, JSON.stringify(wanted), true)
      current = wanted
      changed()
    },
    instancesOf: (place, service) => instancesIn(current, place, service),
  }
}

/** A service that never runs twice is never scaled. Pure. */
export function instancesIn({ scales }: HostScale, place: Place, service: ScaledService): number {
  if (service.exclusive !== undefined) return service.instances
  const scale = scales.find(
    (one) =>
      one.app === place.app &&
      one.environment === place.environment &&
      one.service === service.name &&
      one.declared === service.instances,
  )
  return scale?.instances ?? service.instances
}

function readScale(file: string, log: ScaleOptions['log']): HostScale {
  try {
    return hostScale.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
      log('the numbers of instances cannot be read; the server sets them again', { file })
    return { scales: [] }
  }
}
