import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { isRunning, startTimeOf } from './processes.ts'

/** Makes sure that one host serves a folder. The lock of a dead process is taken over; `force` takes it from the one that gives way. */
export async function takeLock(file: string, force: boolean): Promise<{ free(): void } | null> {
  const mine = `${process.pid} ${startTimeOf(process.pid)}`
  const draft = `${file}.${process.pid}`
  writeFileSync(draft, mine, { mode: 0o600 })
  try {
    if (force) renameSync(draft, file)
    else if (!claim(draft, file)) return null
  } finally {
    rmSync(draft, { force: true })
  }
  return {
    free: () => {
      if (read(file) === mine) rmSync(file, { force: true })
    },
  }
}

function claim(draft: string, file: string): boolean {
  for (let tries = 0; tries < 3; tries += 1) {
    try {
      linkSync(draft, file)
      return true
    } catch {
      const holder = read(file)
      const [pid, startTime] = holder?.split(' ') ?? []
      if (pid && isRunning(Number(pid), startTime ?? null)) return false
      rmSync(file, { force: true })
    }
  }
  return false
}

function read(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null
  }
}
