import { execFileSync } from 'node:child_process'
import type { RehearsalReport } from '#contract/rehearsal/rehearsal.ts'
import { startHost, type TestHost } from '../test/support/host.ts'
import { startSubject, type Subject } from '../test/support/rehearsal.ts'
import { type Fault, faults, goodChanges, stacks } from './rehearsal/faults.ts'
import { isRefusedBySchema } from './rehearsal/schemas.ts'
import { sourceOf } from './rehearsal/sources.ts'

/** How a fault was found before the restart. */
type Found = 'rehearsal' | 'difference' | 'unknown' | 'missed'

interface Result {
  fault: Fault
  found: Found
  isFoundByCheck: boolean
  isFoundBySchema: boolean
  report: RehearsalReport
}

/**
 * Faults of configuration, injected while services run: how many a rehearsal finds before a restart
 * and how many a schema and a check of syntax find; refusals of good changes; and what a rehearsal
 * takes.
 */
export async function run(): Promise<void> {
  const host = await startHost()
  try {
    console.log('\n| software | fault | found by | with | source |\n|---|---|---|---|---|')
    const found = await tryAll(host, faults, describeFault)
    describeSum(found)
    const good = await tryAll(host, goodChanges())
    const count = (kind: Found): number => good.filter((one) => one.found === kind).length
    console.log(
      `\n${good.length} good changes: ${count('rehearsal')} refused, ` +
        `${count('unknown')} unknown, ` +
        `${good.filter(({ isFoundBySchema }) => isFoundBySchema).length} refused by a schema`,
    )
    for (const { fault, found: how, report } of good)
      if (how === 'rehearsal' || how === 'unknown')
        console.log(`  ${fault.stack}: ${fault.name}: ${report.reason}`)
    describeCosts([...found, ...good])
  } finally {
    await host.close()
  }
}

async function tryAll(
  host: TestHost,
  all: Fault[],
  describe: (result: Result) => void = () => undefined,
): Promise<Result[]> {
  const results: Result[] = []
  for (const stack of wanted()) {
    let subject: Subject | null = null
    for (const fault of all.filter((one) => one.stack === stack)) {
      subject ??= await startSubject(host, stacks[stack])
      const result = await tryOne(subject, fault)
      describe(result)
      results.push(result)
      if (fault.repair) await fault.repair(subject)
      else {
        await subject.remove()
        subject = null
      }
    }
    await subject?.remove()
  }
  return results
}

/** The kinds of services that are tried: all, or those of FAIRLEAD_BENCH_SERVICES. */
function wanted(): Fault['stack'][] {
  const all = Object.keys(stacks) as Fault['stack'][]
  const named = process.env['FAIRLEAD_BENCH_SERVICES']?.split(',')
  return named === undefined ? all : all.filter((one) => named.includes(one))
}

async function tryOne(subject: Subject, fault: Fault): Promise<Result> {
  await fault.break(subject)
  const report = await subject.rehearse()
  const isFoundByCheck = fault.check !== undefined && !succeeds(fault.check, subject.data)
  const isFoundBySchema = isRefusedBySchema(fault.stack, subject.data)
  return { fault, found: howFound(report), isFoundByCheck, isFoundBySchema, report }
}

function howFound({ state, differences }: RehearsalReport): Found {
  if (state === 'fails') return 'rehearsal'
  if (state === 'unknown') return 'unknown'
  return differences.length > 0 ? 'difference' : 'missed'
}

function succeeds(check: string, data: string): boolean {
  try {
    execFileSync('sh', ['-c', check.replaceAll('DATA', data)], {
      ...{ stdio: 'ignore', timeout: 20_000, cwd: '/' },
    })
    return true
  } catch {
    return false
  }
}

/** A row with what the tables in docs/faults.md have, and with what the report says. */
function describeFault({ fault, found, isFoundByCheck, isFoundBySchema, report }: Result): void {
  const what = report.reason ?? report.differences.map(({ name }) => `\`${name}\``).join(', ')
  const also = [...(isFoundBySchema ? ['schema'] : []), ...(isFoundByCheck ? ['check'] : [])]
  const by = [...also, found].join(', ')
  const [title, url] = sourceOf(fault) ?? []
  const source = url === undefined ? 'none known' : `[${title}](${url})`
  const text = what.replaceAll('|', '/').slice(0, 140)
  console.log(`| ${fault.stack} | ${fault.name} | ${by} | ${text} | ${source} |`)
}

function describeSum(results: Result[]): void {
  const count = (kind: Found): number => results.filter(({ found }) => found === kind).length
  const bySchema = results.filter(({ isFoundBySchema }) => isFoundBySchema)
  const byCheck = results.filter((one) => one.isFoundByCheck && !one.isFoundBySchema)
  const later = results.filter((one) => !one.isFoundByCheck && !one.isFoundBySchema)
  const first = (kind: Found): number => later.filter(({ found }) => found === kind).length
  console.log(
    `\nfound first by a schema ${bySchema.length}, a check of syntax ${byCheck.length}, ` +
      `the rehearsal ${first('rehearsal')}, its list of differences ${first('difference')}; ` +
      `unknown ${first('unknown')}, missed ${first('missed')}`,
  )
  console.log(
    `${results.length} faults: ${count('rehearsal')} would not come back, ` +
      `${count('difference')} listed as a difference, ${count('unknown')} unknown, ` +
      `${count('missed')} missed; a check of syntax alone finds ` +
      `${results.filter(({ isFoundByCheck }) => isFoundByCheck).length}`,
  )
}

function describeCosts(results: Result[]): void {
  const median = (values: number[]): number =>
    values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
  for (const stack of Object.keys(stacks)) {
    const own = results.filter(
      ({ fault, report }) => fault.stack === stack && report.state === 'returns',
    )
    const of = (read: (report: RehearsalReport) => number): number =>
      median(own.map(({ report }) => read(report)))
    if (own.length > 0)
      console.log(
        `${stack}: ${(of(({ ms }) => ms) / 1000).toFixed(2)} s, ` +
          `${Math.round(of(({ memory }) => memory) / 1e6)} MB of memory, ` +
          `${(of(({ disk }) => disk) / 1e6).toFixed(1)} MB of disk`,
      )
  }
}
