import { readFile, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { ChaosResult } from '#cli/local.ts'
import { FairleadError } from '#contract/errors.ts'
import { type ReadExperiment, readExperiment } from '#platform/chaos-toolkit/experiment.ts'
import { type Journal, runExperiment } from '#platform/chaos-toolkit/run.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** Reads and checks a file of the Chaos Toolkit; returns its title. */
export const checkChaos = async (file: string): Promise<string> => (await read(file)).title

/** Runs a file of the Chaos Toolkit in this folder, and writes its journal. */
export async function runChaos(
  file: string,
  { journal: target, signal }: { journal: string; signal: AbortSignal },
  env: Environment,
): Promise<ChaosResult> {
  const experiment = await read(file)
  // A journal that cannot be written must not be found out after the experiment.
  await writeFile(target, '').catch((error: NodeJS.ErrnoException) => {
    throw wrong('--journal', `cannot be written (${error.code})`)
  })
  const options = { env, cwd: process.cwd(), now: Date.now, signal }
  const journal = await runExperiment(experiment, options).catch((error: Error) => {
    throw wrong(file, error.message)
  })
  await writeFile(target, `${JSON.stringify(journal, null, 2)}\n`)
  const { status, deviated } = journal
  const { title } = experiment
  return { title, status, deviated, journal: resolve(target), problems: problemsOf(journal) }
}

async function read(file: string): Promise<ReadExperiment> {
  const content = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw wrong(file, `cannot be read (${error.code})`)
  })
  try {
    return readExperiment(content)
  } catch (error) {
    throw wrong(file, (error as Error).message)
  }
}

const wrong = (field: string, problem: string): FairleadError =>
  new FairleadError('invalid_input', { field, problem })

/** What failed or was out of its tolerance, one sentence each. */
function problemsOf({ steady_states: states, run, rollbacks }: Journal): string[] {
  const looks = { before: [states.before], during: states.during, after: [states.after] }
  const probes = Object.entries(looks).flatMap(([when, all]) =>
    all.flatMap((state) => (state?.probes ?? []).map((one) => ({ when, ...one }))),
  )
  const deeds = [
    ...run.map((one) => ({ when: 'in the method', ...one })),
    ...rollbacks.map((one) => ({ when: 'in the rollbacks', ...one })),
  ]
  const found = [...probes, ...deeds].flatMap(
    ({ when, activity, exception, tolerance_met: isMet }) => {
      const { name } = activity as { name: string }
      if (exception) return `${name} failed ${when}: ${exception[0]}`
      return isMet === false ? `${name} was out of its tolerance ${when}` : []
    },
  )
  return [...new Set(found)]
}
