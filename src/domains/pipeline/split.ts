/** The duration of tests in earlier runs, by the file or suite that their report names. */
export interface PastTests {
  file: string | null
  suite: string
  seconds: number
}

/** Estimate for a file when no file has a known duration, in seconds; else it is their mean. */
const defaultSeconds = 1

/**
 * The files of one part, counted from 1, of `into` parts of about equal duration. Assigns the
 * longest file first, each to the part with the least time (Graham, 1969: at most a third longer
 * than the optimum). The result depends only on the files and durations, not on their order.
 */
export function filesOfPart(
  files: string[],
  past: PastTests[],
  part: number,
  into: number,
): string[] {
  const seconds = secondsOf(files, past)
  const known = [...seconds.values()].filter((one) => one > 0)
  const usual =
    known.length === 0 ? defaultSeconds : known.reduce((sum, one) => sum + one, 0) / known.length
  const timed = files.map((file) => ({ file, seconds: seconds.get(file) ?? usual }))
  timed.sort((a, b) => b.seconds - a.seconds || (a.file < b.file ? -1 : 1))
  const parts = Array.from({ length: into }, () => ({ files: [] as string[], seconds: 0 }))
  for (const one of timed) {
    const least = parts.reduce((best, each) => (each.seconds < best.seconds ? each : best))
    least.files.push(one.file)
    least.seconds += one.seconds
  }
  return (parts[part - 1]?.files ?? []).toSorted()
}

/**
 * The known durations by file. Reports name files by path, by module (`tests.test_a`) or by class
 * (`com.shop.CartTest`).
 */
function secondsOf(files: string[], past: PastTests[]): Map<string, number> {
  const byName = new Map<string, string[]>()
  for (const file of files)
    for (const name of new Set([file, dotted(file)]))
      byName.set(name, [...(byName.get(name) ?? []), file])
  const bySuffix = Map.groupBy(files, (file) => dotted(file).split('.').at(-1) ?? '')
  const seconds = new Map<string, number>()
  for (const { file, suite, seconds: took } of past) {
    const found = fileOf(file ?? suite.split(' › ')[0] ?? '', byName, bySuffix)
    if (found !== null) seconds.set(found, (seconds.get(found) ?? 0) + took)
  }
  return seconds
}

const dotted = (file: string): string => file.replace(/\.[^./]+$/, '').replaceAll('/', '.')

function fileOf(
  name: string,
  byName: Map<string, string[]>,
  bySuffix: Map<string, string[]>,
): string | null {
  const plain = name.replace(/^\.\//, '')
  const exact = byName.get(plain) ?? byName.get(dotted(plain))
  if (exact?.length === 1) return exact[0] ?? null
  const ends = (bySuffix.get(plain.split('.').at(-1) ?? '') ?? []).filter((file) =>
    dotted(file).endsWith(`.${plain}`),
  )
  return ends.length === 1 ? (ends[0] ?? null) : null
}
