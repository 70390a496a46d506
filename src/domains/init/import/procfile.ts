import { FairleadError } from '#contract/errors.ts'
import type { Proposal } from '../detector.ts'
import procfile from '../detectors/procfile.ts'
import type { Folder } from '../folder.ts'
import { type Imported, mustFind, nameFor } from './imported.ts'

// https://devcenter.heroku.com/articles/procfile

/** The processes of a Procfile; its `release` runs before each of them. */
export function importProcfile(folder: Folder, _detected: Proposal): Imported {
  const path = mustFind(folder, ['Procfile'])
  const services = procfile.detect(folder)?.services ?? []
  if (services.length === 0)
    throw new FairleadError('not_now', { why: `${path} has no process but \`release\`` })
  const [, release] = /^release:[ \t]*(\S.*)$/m.exec(folder.read(path)) ?? []
  const before = release === undefined ? {} : { before: release.trim() }
  return {
    services: Object.fromEntries(
      services.map(({ name, run = '' }, i) => {
        const isWeb = name === 'web'
        return [nameFor(name), { run, ...(i === 0 && !isWeb ? { port: false } : {}) }]
      }),
    ),
    environments: { dev: before, staging: before, production: before },
    found: [],
  }
}
