import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { familyOf, listenersOf, type Origin } from '../processes.ts'
import type { Software } from './software.ts'
import appSoftware from './software/app.ts'
import { software } from './software.generated.ts'

/**
 * The words of the program that a shell command runs last, as far as a shell does not change them:
 * without variables before the program, `exec` and `env`.
 */
export function wordsOf(command: string, env: Record<string, string>): string[] {
  const parts = command
    .split(/\n|&&|\|\||;/)
    .map((part) => part.trim())
    .filter((part) => part !== '')
  const last = parts.findLast((part) => part.startsWith('exec ')) ?? parts.at(-1) ?? ''
  const known = parts.reduce(assigned, env)
  const words = (last.match(/"[^"]*"|'[^']*'|[^\s"']+/g) ?? []).map((word) => expand(word, known))
  while (words[0] === 'exec' || words[0] === 'env' || /^\w+=/.test(words[0] ?? '')) words.shift()
  return words
}

/** A word without its quotes, and with the values of variables. */
const expand = (word: string, env: Record<string, string>): string =>
  word
    .replace(/^(["'])([^]*)\1$/, '$2')
    .replace(/\$\{?(\w+)\}?/g, (_, name: string) => env[name] ?? '')

/**
 * The variables after a line such as `export A=1 B=$A/b`; other lines change none. What a command
 * in a value prints is not known.
 */
function assigned(env: Record<string, string>, line: string): Record<string, string> {
  const words = line.split(/\s+/)
  const own = words.filter((word) => /^\w+=/.test(word))
  if (words[0] !== 'export' && own.length < words.length) return env
  const known = { ...env }
  for (const word of own) {
    const at = word.indexOf('=')
    known[word.slice(0, at)] = expand(word.slice(at + 1), known)
  }
  return known
}

/** The kind of software that a command runs. */
export const softwareOf = (words: string[]): Software =>
  software.find((one) => one.detect([basename(words[0] ?? ''), ...words.slice(1)])) ?? appSoftware

export const softwareNamed = (name: string): Software =>
  software.find((one) => one.name === name) ?? appSoftware

/** The process of an instance that does its work: the one that listens, or the last one. */
export async function workerOf(origin: Origin, port: number | null): Promise<number | null> {
  const family = familyOf(origin).filter((pid) => !isHelper(commandOf(pid)))
  if (port !== null)
    for (const pid of family)
      if ((await listenersOf([pid])).some((one) => one.port === port)) return pid
  return family.toSorted((a, b) => a - b).at(-1) ?? null
}

/** Whether words are those of a program that only starts another one. */
export const isHelper = (words: string[]): boolean =>
  ['bwrap', 'sh', 'setpriv', 'prlimit', 'choom', ''].includes(basename(words[0] ?? ''))

export const commandOf = (pid: number): string[] =>
  readText(`/proc/${pid}/cmdline`).split('\0').filter(Boolean)

/** The variables of a process; null when it has overwritten them. */
export function variablesOf(pid: number): Record<string, string> | null {
  const entries = readText(`/proc/${pid}/environ`).split('\0').filter(Boolean)
  const pairs = entries.map((entry): [string, string] => {
    const at = entry.indexOf('=')
    return [entry.slice(0, Math.max(0, at)), entry.slice(at + 1)]
  })
  const isWhole = pairs.every(([name]) => /^[A-Za-z_]\w*$/.test(name))
  const env = Object.fromEntries(pairs)
  return isWhole && env['FAIRLEAD_SERVICE'] !== undefined ? env : null
}

export function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

const ofProcess = /^(FAIRLEAD_(PROCESS|METRICS_FILE|INSTANCE|REHEARSAL)|PORT|PWD|OLDPWD|SHLVL|_)$/

/** Whether a variable differs between any two processes of a service. */
export const isOfProcess = (name: string): boolean => ofProcess.test(name)
