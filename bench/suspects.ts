import { execFileSync } from 'node:child_process'
import { basename, extname } from 'node:path'
import { type SuspectCommit, type SuspectFrame, suspectsOf } from '../src/domains/alert/suspects.ts'
import { blameLine } from '../src/platform/git/blame.ts'
import { listCommitsWithFiles } from '../src/platform/git/log.ts'

/** A git repository with a long history of several authors, such as that of fastify. */
const repository = process.env['BENCH_REPOSITORY'] ?? ''
const wanted = Number(process.env['BENCH_SUSPECTS'] ?? 400)
/** Commits between two releases. */
const sizes = [5, 20]

const git = (...args: string[]): string =>
  execFileSync('git', ['-C', repository, ...args], { encoding: 'utf8', maxBuffer: 1e9 })

/** A fault of history: the commit that brought it, and the lines that its fix changed. */
interface Fault {
  culprit: string
  author: string
  /** at the commit that brought it */
  path: string
  line: number
}

const isSource = (path: string): boolean =>
  /\.(?:[cm]?[jt]sx?|py|go|rb|java|rs|php|cs)$/.test(path) && !/(?:^|\/)(?:test|docs)\//.test(path)

/**
 * The faults that commits with "fix" in their subject repaired: the line that such a commit removed
 * was last changed by the commit that is blamed (Śliwerski, Zimmermann, Zeller: "When do changes
 * induce fixes?", MSR 2005).
 */
function findFaults(): Fault[] {
  const found: Fault[] = []
  const fixes = git('log', '--no-merges', '--format=%H', '-i', '--grep=^fix', '--grep=bug').split(
    '\n',
  )
  for (const fix of fixes.filter(Boolean)) {
    if (found.length >= wanted) break
    const fault = faultOf(fix)
    if (fault && !found.some(({ culprit }) => culprit === fault.culprit)) found.push(fault)
  }
  return found
}

function faultOf(fix: string): Fault | null {
  const diff = git('show', '--format=', '--unified=0', '--no-renames', '--diff-filter=M', fix)
  let path = ''
  for (const line of diff.split('\n')) {
    if (line.startsWith('--- a/')) path = line.slice(6)
    const removed = /^@@ -(\d+)(?:,(\d+))? /.exec(line)
    if (!removed || !isSource(path) || removed[2] === '0') continue
    const blamed = git(
      ...['blame', '--porcelain', '-w', '-L', `${removed[1]},${removed[1]}`, `${fix}^`, '--', path],
    ).split('\n')
    const [sha = '', at = ''] = (blamed[0] ?? '').split(' ')
    const author = blamed.find((one) => one.startsWith('author-mail '))?.slice(13, -1) ?? ''
    const isThere = blamed.find((one) => one.startsWith('filename '))?.slice(9) === path
    if (isThere && !blamed.includes('boundary'))
      return { culprit: sha, author: author.toLowerCase(), path, line: Number(at) }
  }
  return null
}

/** The release that brought a fault: `size` commits with the faulty one at a place among them. */
async function releaseOf({ culprit }: Fault, size: number, place: number) {
  const after = git('rev-list', '--first-parent', '--reverse', `${culprit}..HEAD`).split('\n')
  const sha = after[size - place - 1] || culprit
  const base = git('rev-list', '--first-parent', `--max-count=${size + 1}`, sha)
    .trim()
    .split('\n')
  const former = base.at(-1) ?? culprit
  const commits = (await listCommitsWithFiles(repository, former, sha, 200)) ?? []
  return { sha, former, commits }
}

interface Score {
  faults: number
  first: number
  three: number
}

/** Counts whether the author is the first suspect, and among the first three. */
function count(
  score: Score,
  author: string,
  commits: SuspectCommit[],
  frames: SuspectFrame[],
  routes: string[] = [],
): void {
  const place = { service: null, others: [], routes }
  const facts = { commits, frames, place, configuration: null, codeowners: null, users: [] }
  const rank = suspectsOf(facts).findIndex(({ email }) => email?.toLowerCase() === author)
  score.faults += 1
  if (rank === 0) score.first += 1
  if (rank >= 0 && rank < 3) score.three += 1
}

/**
 * Replays faults of a real history: who would have been suspected, had each release brought its
 * fault? Compared with a random author of the new commits.
 */
export async function run(): Promise<void> {
  if (repository === '') return console.log('skipped: BENCH_REPOSITORY names no git repository')
  const faults = findFaults()
  for (const size of sizes) {
    const scores = new Map<string, Score>()
    const scoreOf = (name: string): Score => {
      const score = scores.get(name) ?? { faults: 0, first: 0, three: 0 }
      scores.set(name, score)
      return score
    }
    let authors = 0
    let chance = { first: 0, three: 0 }
    for (const [i, fault] of faults.entries()) {
      const { sha, former, commits } = await releaseOf(fault, size, i % size)
      if (!commits.some((one) => one.sha === fault.culprit)) continue
      const lines = git('show', `${sha}:${fault.path}`).split('\n')
      const original = git('show', `${fault.culprit}:${fault.path}`).split('\n')[fault.line - 1]
      const line = lines.indexOf(original ?? '') + 1
      const blamed = await blameLine(repository, { path: fault.path, line, sha, since: former })
      const there = { path: fault.path, line, sha: blamed?.sha ?? null }
      const other = commits.flatMap(({ files }) => files).find((path) => path !== fault.path)
      const caller = { path: other ?? 'x', line: 1, sha: null }
      const several = new Set(commits.map(({ email }) => email.toLowerCase())).size
      authors += several
      chance = {
        first: chance.first + 1 / several,
        three: chance.three + Math.min(1, 3 / several),
      }
      count(scoreOf('the line is the first own frame'), fault.author, commits, [there])
      const deep = [caller, caller, there]
      count(scoreOf('the line is the third own frame'), fault.author, commits, deep)
      const wrong = [{ ...there, sha: null }]
      count(scoreOf('only the file is in the trace'), fault.author, commits, wrong)
      const route = `/${basename(fault.path, extname(fault.path))}`
      const named = 'no trace, and the route that fails is named like the file'
      count(scoreOf(named), fault.author, commits, [], [route])
      count(scoreOf('no trace'), fault.author, commits, [])
    }
    const total = scores.get('no trace')?.faults ?? 0
    const percent = (part: number): string => `${((100 * part) / Math.max(1, total)).toFixed(0)} %`
    console.log(`${total} faults, ${size} commits and ${(authors / total).toFixed(1)} authors each`)
    for (const [name, { first, three }] of scores)
      console.log(`  ${name}: first ${percent(first)}, among three ${percent(three)}`)
    console.log(`  at random: first ${percent(chance.first)}, among three ${percent(chance.three)}`)
  }
}
