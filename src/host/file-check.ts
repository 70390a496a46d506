import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { startApp } from '#platform/process/app-command.ts'
import { environmentOf, isolate, type ServicePlace } from './start.ts'
import { explainOutput } from './log-file.ts'

/** Milliseconds for one check of a file. */
const timeoutMs = 30_000

/**
 * Runs the checks of the files of a service, with its variables and its isolation, but without
 * access to its data. Returns the first problem in one sentence, or null.
 */
export async function checkFiles(place: ServicePlace, logFile: string): Promise<string | null> {
  for (const file of place.service.files ?? [])
    for (const check of file.checks) {
      const how = await runCheck(place, check, join(place.configFolder, file.path), logFile)
      if (how !== null)
        return `the check of ${file.path} ${how}${explainOutput(logFile, place.service)}`
    }
  return null
}

function runCheck(
  place: ServicePlace,
  command: string,
  file: string,
  logFile: string,
): Promise<string | null> {
  const { helpers, filter } = isolate(place, { isBound: true, writable: [place.tmpFolder] })
  const log = openSync(logFile, 'w', 0o600)
  return new Promise((resolve) => {
    const child = startApp({
      ...{ helpers, filter, marker: {}, output: [log, log] },
      command: ['/bin/sh', '-c', command],
      env: { ...environmentOf(place), FILE: file },
      cwd: helpers.length > 0 ? '/' : join(place.folder, place.service.directory),
    })
    closeSync(log)
    const end = (how: string | null): void => {
      clearTimeout(timer)
      // Without isolation, the check may have left processes of its group.
      if (child.pid !== undefined) killGroup(child.pid)
      resolve(how)
    }
    const timer = setTimeout(() => end(`did not end within ${timeoutMs / 1000} s`), timeoutMs)
    child.once('error', (error) => end(`cannot start: ${error.message}`))
    child.once('exit', (code, signal) =>
      end(code === 0 ? null : `failed with ${signal ?? `exit code ${code}`}`),
    )
  })
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // All of them have ended.
  }
}
