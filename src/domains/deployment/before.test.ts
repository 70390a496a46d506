import { expect, onTestFinished, test } from 'vitest'
import { pipelineFile } from '#contract/pipeline-file/pipeline-file.ts'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeOf, incompatibleBecause, restoreScriptOf, scriptOf, triedOf } from './before.ts'

const fileWith = (before: unknown) =>
  pipelineFile.parse({
    services: { site: { static: 'public' }, web: 'node web.js', worker: 'node worker.js' },
    environments: { staging: {}, production: { before } },
  })

test('the command has the variables of the first service with a command', () => {
  const file = fileWith('npm run migrate')
  const expected = { run: 'npm run migrate', service: 'web', timeout: 3_600_000 }
  expect(beforeOf(file, 'production')).toEqual(expected)
  expect(beforeOf(file, 'staging')).toBeNull()
  const chosen = fileWith({ run: 'migrate', service: 'worker', timeout: '5m' })
  expect(beforeOf(chosen, 'production')).toEqual({
    ...{ run: 'migrate', service: 'worker', timeout: 300_000 },
  })
})

test('only an incompatible command of another run stands in the way of a rollback', () => {
  const one = { release: 21, run: 7, command: 'migrate', isCompatible: false, check: null }
  expect(incompatibleBecause([], 6)).toBeNull()
  expect(incompatibleBecause([{ ...one, isCompatible: true }], 6)).toBeNull()
  expect(incompatibleBecause([one], 7)).toBeNull()
  expect(incompatibleBecause([{ ...one, run: 8, isCompatible: true }, one], 6)).toContain(
    'release 21 of run 7 has run `migrate` since',
  )
})

test('a check counts for the release that was tried, and only when it works', () => {
  const one = { release: 21, run: 7, command: 'migrate', isCompatible: true }
  const works = { ...one, check: { run: 6, state: 'compatible' as const, reason: null } }
  expect(incompatibleBecause([works], 6)).toBeNull()
  expect(incompatibleBecause([works], 5)).toContain('only the release of run 6 was tried')
  const reason = '/ answered 500'
  const not = { ...one, isCompatible: false }
  const fails = { ...not, check: { run: 6, state: 'incompatible' as const, reason } }
  expect(incompatibleBecause([fails], 6)).toContain(`not work with the result: ${reason}`)
  const unknown = { ...not, check: { run: 6, state: 'unknown' as const, reason: 'no space' } }
  expect(incompatibleBecause([unknown], 6)).toContain('it is not known whether')
})

test('the first service that may run twice is tried, with the verification', () => {
  const services = { db: { run: 'redis-server', keeps: true }, web: 'node web.js' }
  const file = pipelineFile.parse({ services, environments: { a: { verify: 'check' }, b: {} } })
  expect(triedOf(file, 'a')).toEqual({ service: 'web', verify: 'check' })
  expect(triedOf(file, 'b')).toEqual({ service: 'web' })
  expect(triedOf(pipelineFile.parse({ services: {}, environments: { a: {} } }), 'a')).toBeNull()
})

const schema = (data: string): string => readFileSync(join(data, 'schema'), 'utf8')
const backups = (data: string): string[] => readdirSync(join(data, '.backups')).toSorted()
const backedUp = {
  ...{ run: 'echo 2 >$FAIRLEAD_DATA_DIR/schema', service: 'web', timeout: 1000 },
  backup: 'cp $FAIRLEAD_DATA_DIR/schema $FAIRLEAD_BACKUP_DIR # all',
  restore: 'cp $FAIRLEAD_BACKUP_DIR/schema $FAIRLEAD_DATA_DIR',
}

/** Runs a script on data of its own; answers null, or the output when it fails. */
function place() {
  const data = mkdtempSync(join(tmpdir(), 'fairlead-backup-'))
  writeFileSync(join(data, 'schema'), '1')
  onTestFinished(() => rmSync(data, { recursive: true }))
  const run = (script: string, release: number): string | null => {
    try {
      execFileSync('/bin/sh', ['-c', script], {
        env: { ...process.env, FAIRLEAD_DATA_DIR: data, FAIRLEAD_RELEASE: String(release) },
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      return null
    } catch (error) {
      return String((error as { stdout: Buffer }).stdout)
    }
  }
  return { data, run }
}

test('a script makes a backup first, keeps three of them, and restores', () => {
  const { data, run } = place()
  mkdirSync(join(data, '.backups/notes'), { recursive: true })
  for (const release of [1, 2, 3, 4]) expect(run(scriptOf(backedUp), release)).toBeNull()
  expect(schema(data)).toBe('2\n')
  expect(backups(data)).toEqual(['2', '3', '4', 'notes'])
  writeFileSync(join(data, 'schema'), '1')
  expect(run(restoreScriptOf(backedUp) ?? '', 5)).toBeNull()
  expect(schema(data)).toBe('1')
  const torn = { ...backedUp, restore: 'false' }
  expect(run(restoreScriptOf(torn) ?? '', 8)).toBe('the restore failed with 1\n')
  expect(scriptOf({ run: 'migrate' })).toBe('migrate')
  expect(restoreScriptOf({ run: 'migrate', service: 'web', timeout: 1 })).toBeNull()
})

test('a backup that fails or is killed is never complete', () => {
  const { data, run } = place()
  expect(run(scriptOf(backedUp), 5)).toBeNull()
  const partly = 'touch $FAIRLEAD_BACKUP_DIR/part; exit 3'
  expect(run(scriptOf({ ...backedUp, backup: partly }), 6)).toBe('the backup failed with 3\n')
  expect(backups(data)).toEqual(['5'])
  // Ends as a process does whose time is over, with a part of the backup on disk.
  const killed = { ...backedUp, backup: 'touch $FAIRLEAD_BACKUP_DIR/part; kill -KILL $$' }
  expect(run(scriptOf(killed), 6)).toBe('')
  expect(backups(data)).toEqual(['5', '6.part'])
  expect(run(scriptOf(backedUp), 7)).toBeNull()
  expect(backups(data)).toEqual(['5', '7'])
})

test('a command that fails again and again leaves the backup from before its first failure', () => {
  const { data, run } = place()
  for (const release of [1, 2, 3]) expect(run(scriptOf(backedUp), release)).toBeNull()
  writeFileSync(join(data, 'schema'), 'good')
  const failing = { ...backedUp, run: 'echo part >$FAIRLEAD_DATA_DIR/schema; exit 3' }
  const killed = { ...backedUp, run: 'kill -KILL $$' }
  expect(run(scriptOf(failing), 4)).toBe('')
  for (const release of [5, 6, 7, 8]) expect(run(scriptOf(killed), release)).toBe('')
  expect(run(scriptOf(failing), 9)).toBe('')
  expect(backups(data)).toEqual(['3', '4', '4.open', '9', '9.open'])
  expect(readFileSync(join(data, '.backups/4/schema'), 'utf8')).toBe('good')
  for (const release of [10, 11]) expect(run(scriptOf(backedUp), release)).toBeNull()
  expect(backups(data)).toEqual(['10', '11', '4'])
  expect(run(scriptOf(backedUp), 12)).toBeNull()
  expect(backups(data)).toEqual(['10', '11', '12'])
})
