/** How long tests took, by what reports call their file or suite. */
export interface PastTests {
  file: string | null
  suite: string
  seconds: number
}

/**
 * A file of tests that nothing is known of takes as long as the others do on average, or this long,
 * in seconds.
 */
const guess = 1

/**
 * The files of one part (from 1) of `into`, so that all parts take about the same time: the longest
 * first, each to the part that has least (Graham, 1969: at most a third longer than the best there
 * is). The same files and times give the same parts, in whichever order they are asked for.
 */
export function filesOfPart(
  files: string[],
  past: PastTests[],
  part: number,
  into: number,
): string[] {
  const seconds = secondsOf(files, past)
  const known = [...seconds.values()].filter((one) => one > 0)
  const usual = known.length === 0 ? guess : known.reduce((sum, one) => sum + one, 0) / known.length
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
 * Reports name files by path, modules with dots (`tests.test_a`), or classes (`com.shop.CartTest`).
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
