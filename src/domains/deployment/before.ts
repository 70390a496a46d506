import type { BeforeCommand } from '#contract/deployment/before.ts'
import type { HostBefore } from '#contract/host/before.ts'
import type { PipelineFile } from '#contract/pipeline-file/pipeline-file.ts'

/** The command before the start with its backup, as fairlead.yaml declares them. */
export interface DeclaredBefore extends HostBefore {
  backup?: string
  restore?: string
}

/** The command that runs once for a release in an environment, before its services; or null. */
export function beforeOf(
  { environments, services }: Pick<PipelineFile, 'environments' | 'services'>,
  environment: string,
): DeclaredBefore | null {
  const before = environments[environment]?.before
  const first = Object.keys(services).find((name) => services[name]?.run !== undefined)
  const service = before?.service ?? first
  if (!before || service === undefined) return null
  const { run, timeout, backup, restore } = before
  return {
    ...{ run, timeout, service },
    ...(backup === undefined ? {} : { backup }),
    ...(restore === undefined ? {} : { restore }),
  }
}

/** A command in a shell of its own, whose failure ends the script, after the command `undo`. */
const must = (command: string, what: string, undo = ':'): string[] => [
  ...['(', command, ')'],
  `code=$?; if [ $code -ne 0 ]; then ${undo}; echo "the ${what} failed with $code"; exit $code; fi`,
]

/**
 * Makes a backup. It is written aside and renamed when it is complete and on disk, so that a part
 * never counts. `RELEASE.open` stands beside a backup until a command has succeeded: of the backups
 * since then, only the first is certainly of data that no failed command has touched. So it stays,
 * and those between it and the newest one go. Of all, three are kept.
 */
const backupLines = (backup: string): string[] => [
  'backups="$FAIRLEAD_DATA_DIR/.backups"',
  'export FAIRLEAD_BACKUP_DIR="$backups/$FAIRLEAD_RELEASE.part"',
  // What the timeout or a power cut left of an earlier one.
  'rm -rf "$backups"/*.part',
  '(umask 077; mkdir -p "$FAIRLEAD_BACKUP_DIR") || exit 1',
  ...must(backup, 'backup', 'rm -rf "$FAIRLEAD_BACKUP_DIR"'),
  // macOS cannot sync a single file system.
  'sync -f "$FAIRLEAD_BACKUP_DIR" 2>/dev/null || sync',
  ': >"$backups/$FAIRLEAD_RELEASE.open"',
  'mv "$FAIRLEAD_BACKUP_DIR" "$backups/$FAIRLEAD_RELEASE" || exit 1',
  'FAIRLEAD_BACKUP_DIR="$backups/$FAIRLEAD_RELEASE"',
  'remove() { while read -r old; do rm -rf "$backups/$old" "$backups/$old.open"; done; }',
  `ls -1 "$backups" | grep -x "[0-9]*[.]open" | sort -n | sed '1d;$d;s/[.]open$//' | remove`,
  'ls -1 "$backups" | grep -x "[0-9]*" | sort -rn | tail -n +4 | remove',
]

/** The script of the command: after a backup, if there is one. */
export function scriptOf({ run, backup }: Pick<DeclaredBefore, 'run' | 'backup'>): string {
  if (backup === undefined) return run
  return [
    ...backupLines(backup),
    ...['(', run, ')'],
    'code=$?; if [ $code -eq 0 ]; then rm -f "$backups"/*.open; fi; exit $code',
  ].join('\n')
}

/** The script that makes a backup, runs the command and restores the backup; null for none. */
export function restoreScriptOf({ run, backup, restore }: DeclaredBefore): string | null {
  if (backup === undefined || restore === undefined) return null
  return [...backupLines(backup), ...must(run, 'command'), ...must(restore, 'restore')].join('\n')
}

type Begun = Pick<BeforeCommand, 'release' | 'run' | 'command' | 'isCompatible' | 'check'>

/**
 * Why a rollback to a release of `run` may not work, in one sentence, or null. `since` are the
 * commands that began after that release was live; one that failed may have done a part.
 */
export function incompatibleBecause(since: Begun[], run: number): string | null {
  const crossed = since.find((one) => one.run !== run && !isKnownToWork(one, run))
  if (!crossed) return null
  const { release, command, check } = crossed
  const place = `release ${release} of run ${crossed.run}`
  return `${place} has run \`${command}\` since, and ${whyNot(check, run)}`
}

/** A check says nothing about releases that were not tried. */
const isKnownToWork = ({ isCompatible, check }: Begun, run: number): boolean =>
  isCompatible && (check === null || check.run === run)

function whyNot(check: Begun['check'], run: number): string {
  if (check === null)
    return (
      'fairlead.yaml says with `compatible: false` that earlier releases do not work with the ' +
      'result'
    )
  if (check.run !== run) return `only the release of run ${check.run} was tried with the result`
  if (check.state === 'incompatible')
    return `on a copy of the data, this release does not work with the result: ${check.reason}`
  return `it is not known whether this release works with the result: ${check.reason}`
}

/** What is tried of a release on a copy: its first service with a command, and its verification. */
export function triedOf(
  { environments, services }: Pick<PipelineFile, 'environments' | 'services'>,
  environment: string,
): { service: string; verify?: string } | null {
  const found = Object.entries(services).find(
    ([, { run, keeps, single }]) => run !== undefined && !keeps && !single,
  )
  if (!found) return null
  const verify = environments[environment]?.verify?.run
  return { service: found[0], ...(verify === undefined ? {} : { verify }) }
}
