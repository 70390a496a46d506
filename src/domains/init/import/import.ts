import { stringify } from 'yaml'
import { FairleadError } from '#contract/errors.ts'
import { proposeFor } from '../combine.ts'
import type { ProposedStep } from '../detector.ts'
import { type Folder, lookAtApp } from '../folder.ts'
import { stepKeys } from '../render.ts'
import { importCompose } from './compose.ts'
import { importKamal } from './kamal.ts'
import type { Importer } from './imported.ts'
import { importProcfile } from './procfile.ts'

const importers = {
  kamal: importKamal,
  procfile: importProcfile,
  compose: importCompose,
} satisfies Record<string, Importer>

const head =
  '# How this app is built, tested and run. Every key has a default.\n' +
  '# `fairlead check` reports errors.\n'

/**
 * A fairlead.yaml for the file of another tool. Steps, and commands that the file has not, are
 * those that the repository suggests. `problemOf` says why a text is not valid, or null.
 */
export function importFile(
  kind: string,
  path: string,
  problemOf: (text: string) => string | null,
): { text: string; found: string[] } {
  return importFolder(kind, lookAtApp(path), problemOf)
}

export function importFolder(
  kind: string,
  folder: Folder,
  problemOf: (text: string) => string | null,
): { text: string; found: string[] } {
  const importer = Object.hasOwn(importers, kind) ? importers[kind as keyof typeof importers] : null
  if (importer === null)
    throw new FairleadError('invalid_input', {
      ...{ field: 'kind', problem: `must be ${Object.keys(importers).join(', ')}` },
    })
  const detected = proposeFor(folder)
  const { app, services, environments, found } = importer(folder, detected)
  const steps = Object.fromEntries(detected.steps.map((step) => [step.name, keysOf(step)]))
  const file = {
    ...(app === undefined ? {} : { app }),
    ...(detected.steps.length === 0 ? {} : { steps }),
    ...{ services, environments },
  }
  const text = `${head}${stringify(file, { lineWidth: 0, aliasDuplicateObjects: false })}`
  const problem = problemOf(text)
  if (problem !== null)
    throw new FairleadError('not_now', {
      why: `It does not become a valid fairlead.yaml: ${problem}`,
    })
  return { text, found }
}

function keysOf(step: ProposedStep): unknown {
  const { run, ...others } = stepKeys(step)
  return Object.keys(others).length === 0 ? run : { run, ...others }
}
