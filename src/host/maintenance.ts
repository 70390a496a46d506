import { readFileSync } from 'node:fs'
import { type HostMaintenance, hostMaintenance } from '#contract/host/maintenance.ts'
import type { Edge } from './edge/edge.ts'
import { replaceFile } from './state.ts'

export interface MaintenanceOptions {
  /** Holds the pages, so that they outlive this process and the server. */
  file: string
  edge: Pick<Edge, 'setMaintenance'>
  log(message: string, fields?: Record<string, unknown>): void
}

/** The maintenance pages of this host. They end by themselves, also while the server is away. */
export interface MaintenancePages {
  /** Replaces all pages. Throws when they cannot be written; the edge shows the former ones. */
  set(wanted: HostMaintenance): void
}

/** Shows the pages of the last host process at once. */
export function createMaintenance({ file, edge, log }: MaintenanceOptions): MaintenancePages {
  let written = readPages(file, log)
  const show = ({ pages }: HostMaintenance): void =>
    edge.setMaintenance(
      new Map(pages.map(({ app, environment, until }) => [`${app}/${environment}`, until])),
    )
  show(written)
  return {
    set: (wanted) => {
      const isNew = JSON.stringify(wanted) !== JSON.stringify(written)
      if (isNew) replaceFile(file, JSON.stringify(wanted), true)
      written = wanted
      show(wanted)
    },
  }
}

function readPages(file: string, log: MaintenanceOptions['log']): HostMaintenance {
  try {
    return hostMaintenance.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
      log('the maintenance pages cannot be read; the server sets them again', { file })
    return { pages: [] }
  }
}
