/** A line of a CODEOWNERS file. */
interface Rule {
  section: string
  pattern: string[]
  /** null for what the section leaves out */
  owners: string[] | null
}

/**
 * Reads a CODEOWNERS file of GitHub, GitLab or Forgejo. In each section the last rule that matches
 * wins. A rule without owners in a section with default owners has those. See GitHub's "About code
 * owners" and GitLab's "Code Owners".
 */
export function readCodeowners(text: string): Rule[] {
  let section = ''
  let usual: string[] = []
  return text.split(/\r?\n/).flatMap((line): Rule[] => {
    const plain = line.replace(/(^|\s)#.*$/, '').trim()
    if (plain === '') return []
    const head = sectionOf(plain)
    if (head) {
      section = head.name.toLowerCase()
      usual = words(head.owners)
      return []
    }
    const [pattern = '', ...owners] = words(plain)
    // GitHub ignores exclusions, which its format does not have; it has no sections either.
    if (pattern.startsWith('!'))
      return section === ''
        ? []
        : [{ section, pattern: segmentsOf(pattern.slice(1)), owners: null }]
    const found = owners.length === 0 && section !== '' ? usual : owners
    return [{ section, pattern: segmentsOf(pattern), owners: found }]
  })
}

/** `[Name] owners`, `^[Name][2] owners`; null for another line. */
function sectionOf(line: string): { name: string; owners: string } | null {
  const start = line.startsWith('^[') ? 2 : line.startsWith('[') ? 1 : 0
  const end = line.indexOf(']')
  if (start === 0 || end < 0) return null
  const rest = line.slice(end + 1)
  const owners = rest.startsWith('[') ? rest.slice(rest.indexOf(']') + 1) : rest
  return { name: line.slice(start, end), owners }
}

const words = (text: string): string[] =>
  text.split(/(?<!\\)\s+/).flatMap((word) => (word === '' ? [] : [word.replaceAll('\\ ', ' ')]))

/**
 * The owners of a path: of the last rule of each section that matches. What a section leaves out
 * stays out of it.
 */
export function ownersOf(rules: Rule[], path: string): string[] {
  const found = new Map<string, string[] | null>()
  for (const { section, pattern, owners } of rules)
    if (found.get(section) !== null && matches(pattern, path.split('/'))) found.set(section, owners)
  return [...new Set([...found.values()].flatMap((owners) => owners ?? []))]
}

/** The patterns are those of .gitignore, without `!` and `[ ]`, as segments. */
function segmentsOf(pattern: string): string[] {
  const isRooted = pattern.slice(0, -1).includes('/')
  const parts = pattern.split('/').filter((part) => part !== '')
  // A folder is everything below it; `docs/*` is the files of a folder, and not those below.
  const isFiles = isRooted && pattern.endsWith('*') && parts.at(-1) === '*'
  // `docs/**` is everything below the folder, and not the folder itself.
  const isBelow = parts.at(-1) === '**'
  if (isBelow) parts.splice(-1, 1, '*', '**')
  const below = isFiles || isBelow ? [] : ['**']
  const end = pattern.endsWith('/') && !isBelow ? ['*', ...below] : below
  return [...(isRooted ? [] : ['**']), ...parts, ...end]
}

/** `**` is any number of segments. */
const matches = (pattern: string[], path: string[]): boolean =>
  wildcardMatch(pattern, path, '**', (part, segment) =>
    wildcardMatch(
      // A backslash makes the next character an ordinary one.
      part.match(/\\?[^]/g) ?? [],
      segment.split(''),
      '*',
      (one, other) => one === '?' || one.at(-1) === other,
    ),
  )

/** Matches with one wildcard for any number of items. It goes back to the last wildcard only. */
function wildcardMatch(
  pattern: string[],
  text: string[],
  any: string,
  isSame: (one: string, other: string) => boolean,
): boolean {
  let [p, t, wildcard, resume] = [0, 0, -1, 0]
  while (t < text.length) {
    if (pattern[p] === any) {
      wildcard = p
      p += 1
      resume = t
    } else if (p < pattern.length && isSame(pattern[p]!, text[t]!)) {
      p += 1
      t += 1
    } else if (wildcard >= 0) {
      p = wildcard + 1
      resume += 1
      t = resume
    } else return false
  }
  while (pattern[p] === any) p += 1
  return p === pattern.length
}
