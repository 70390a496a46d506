import type { DriftDifference } from '#contract/drift/drift.ts'
import { textOf } from '#platform/oci/select.ts'
import type { Entry, FoundEntry } from './entries.ts'

/** What the files belong to. */
export interface ComparedFiles {
  kind: 'artifact' | 'file'
  service: string | null
  /** whether files that are not declared count */
  hasExtras: boolean
  /** when the processes that read them started, in milliseconds since 1970 */
  started: number[]
}

/** Where files on disk differ from the declared ones. Of a whole folder, only its top. Pure. */
export function compareEntries(
  declared: ReadonlyMap<string, Entry>,
  disk: ReadonlyMap<string, FoundEntry>,
  { kind, service, hasExtras, started }: ComparedFiles,
): DriftDifference[] {
  const paths = [...new Set([...declared.keys(), ...disk.keys()])].toSorted()
  const reported = new Set<string>()
  return paths.flatMap((path): DriftDifference[] => {
    const wanted = declared.get(path) ?? null
    const found = disk.get(path) ?? null
    if (isBelow(path, reported) || (wanted === null && !hasExtras)) return []
    // Python compiles its modules again where it may write.
    if (!hasExtras && isCompiled(path)) return []
    if (wanted !== null && found !== null && isSame(wanted, found.entry)) return []
    reported.add(path)
    // The time of a file that is gone is not known: its process may have read it.
    const changed = found?.changed ?? null
    const isLoaded = changed !== null && started.length > 0 && started.every((at) => at > changed)
    return [
      {
        ...{ service, kind, name: textOf(path), isSecret: false },
        declared: wanted && wordsOf(wanted),
        disk: found && wordsOf(found.entry, wanted),
        running: null,
        atRestart: !isLoaded,
        remedy: isLoaded ? 'rewrite_and_restart' : 'rewrite',
        changed: changed === null ? null : new Date(changed).toISOString(),
      },
    ]
  })
}

const isCompiled = (path: string): boolean => /(^|\/)__pycache__\/[^/]+\.pyc$/.test(path)

function isBelow(path: string, reported: ReadonlySet<string>): boolean {
  for (let at = path.indexOf('/'); at !== -1; at = path.indexOf('/', at + 1))
    if (reported.has(path.slice(0, at))) return true
  return false
}

function isSame(wanted: Entry, found: Entry): boolean {
  if (wanted.type === 'file' && found.type === 'file')
    return (
      wanted.digest === found.digest &&
      wanted.mode === found.mode &&
      (wanted.owner === null || wanted.owner === found.owner)
    )
  if (wanted.type === 'link' && found.type === 'link') return wanted.target === found.target
  return wanted.type === found.type
}

/** An entry in words; of the owner only when it is compared. */
function wordsOf(entry: Entry, wanted: Entry | null = entry): string {
  switch (entry.type) {
    case 'file': {
      const { digest, mode, owner } = entry
      const isOwned = wanted?.type === 'file' && wanted.owner !== null
      const user = isOwned && owner !== null ? ` user ${owner}` : ''
      return `sha256:${digest.slice(0, 12)} mode ${mode.toString(8).padStart(4, '0')}${user}`
    }
    case 'link':
      return `link to ${textOf(entry.target)}`
    case 'folder':
      return 'folder'
    case 'other':
      return 'neither a file nor a folder'
  }
}
