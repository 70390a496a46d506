import type { ChildProcess } from 'node:child_process'
import { closeSync } from 'node:fs'
import { Socket } from 'node:net'
import { createHash } from 'node:crypto'
import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { startApp } from '#platform/process/app-command.ts'
import type { CommandResult, CommandSpec } from '#platform/process/command.ts'
import { signalOf, unconfined } from '#platform/process/isolation.ts'
import { createLimits, joinCgroup, type Limits } from '#platform/process/memory-limit.ts'
import { inWords, judge, nameProcesses, type Stop } from './ending.ts'
import { splitLines } from './lines.ts'
import { type LogLimits, logLimits, type LogWriter, openLog } from './log-writer.ts'
import { isSameStep, markerFor } from './marker.ts'
import { createMask, type Mask } from '#platform/secret/mask.ts'
import { createPipes, type Pipe, type Pipes } from './pipes.ts'
import { memoryReason, watch } from './watch.ts'
import { findProblem } from './requirements.ts'
import {
  allPids,
  endProcesses,
  findProcesses,
  type Found,
  keeper,
  markerName,
  signal as send,
} from './tree.ts'

/** The environment of the runner. The defaults suit a single command on a laptop. */
export interface RunnerParts {
  now: () => number
  monotonic: () => number
  pipes: Pipes
  limits: LogLimits
  memory: Limits
  /** time between SIGTERM and SIGKILL, ms */
  graceMs: number
  /** whether an earlier runner may have left processes of this step, which must then be found */
  mayHaveLeftOvers: (isEarlier: (marker: string) => boolean) => boolean
}

export function runnerParts(): RunnerParts {
  return {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    pipes: createPipes(),
    limits: logLimits,
    memory: createLimits('steps'),
    graceMs: 5000,
    mayHaveLeftOvers: () => true,
  }
}

/** The reason of an abort that kills immediately, without grace, and gives the result `broken`. */
export class Abandoned extends Error {
  override name = 'Abandoned'
}

/**
 * Runs a command with `sh -e` in a session of its own, with exactly the given environment, and
 * writes its output to the log as numbered, masked lines. An abort or the timeout ends every
 * process that it started. Never rejects.
 */
export async function runCommand(
  spec: CommandSpec,
  signal: AbortSignal,
  given?: Partial<RunnerParts>,
): Promise<CommandResult> {
  const parts = { ...runnerParts(), ...given }
  try {
    const problem = findProblem(spec)
    if (problem) return { exitCode: null, lines: 0, ...problem }
    return await attempt(spec, signal, parts)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    return {
      outcome: 'broken',
      exitCode: null,
      reason: `could not be started: ${code ?? message}`,
      lines: 0,
    }
  } finally {
    if (!given?.pipes) parts.pipes.close()
  }
}

async function attempt(
  spec: CommandSpec,
  signal: AbortSignal,
  parts: RunnerParts,
): Promise<CommandResult> {
  const mask = createMask(spec.masks)
  await endEarlier(spec, parts)
  const stopping = new AbortController()
  let stopped: { stop: Stop; reason: string } | null = null
  const stop = (why: { stop: Stop; reason: string }): void => {
    stopped ??= why
    stopping.abort()
  }
  const log = await openLog({
    file: spec.logFile,
    limits: parts.limits,
    now: parts.now,
    onFailure: (reason) => stop({ stop: 'failed', reason }),
  }).catch((error: NodeJS.ErrnoException) => {
    throw new Error(`its log ${spec.logFile} cannot be opened (${error.code ?? error.message})`)
  })
  const onAbort = (): void => {
    const isAbandoned = signal.reason instanceof Abandoned
    stop(
      isAbandoned
        ? { stop: 'broken', reason: signal.reason.message }
        : { stop: 'cancelled', reason: 'was cancelled' },
    )
  }
  const timer = setTimeout(
    () =>
      stop({
        stop: 'timed_out',
        reason: `took longer than ${inWords(spec.timeoutMs)} and was stopped`,
      }),
    Math.min(spec.timeoutMs, 2 ** 31 - 1),
  )
  signal.addEventListener('abort', onAbort, { once: true })
  if (signal.aborted) onAbort()
  log.add('fairlead', spec.notes ?? [])
  try {
    const exit = await execute(spec, {
      parts,
      log,
      mask,
      stopping: stopping.signal,
      fail: (reason) => stop({ stop: 'failed', reason }),
      isHurried: () => signal.reason instanceof Abandoned,
    })
    const ending = judge(exit, stopped)
    if (ending.reason !== null) log.add('fairlead', [`The command ${ending.reason}.`])
    const lines = await log.close()
    const failure = log.failure()
    if (failure !== null)
      return { outcome: 'failed', exitCode: ending.exitCode, reason: failure, lines }
    return { ...ending, lines }
  } catch (error) {
    return {
      outcome: 'broken',
      exitCode: null,
      reason: explainStart(error as NodeJS.ErrnoException),
      lines: await log.close(),
    }
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', onAbort)
  }
}

/** Kills what an earlier, killed runner left of the step: two attempts must not run in parallel. */
async function endEarlier(spec: CommandSpec, parts: RunnerParts): Promise<void> {
  const isEarlier = isSameStep(spec)
  if (!parts.mayHaveLeftOvers(isEarlier)) return
  await endProcesses(() => findProcesses(allPids(), isEarlier, null), 0, parts.monotonic)
}

function explainStart(error: NodeJS.ErrnoException): string {
  if (error.code === 'E2BIG')
    return 'could not be started: its command and environment are too large for the system'
  if (error.code === 'EAGAIN') return 'could not be started: the system allows no more processes'
  return `could not be started: ${error.code ?? error.message}`
}

interface Work {
  parts: RunnerParts
  log: LogWriter
  mask: Mask
  stopping: AbortSignal
  fail: (reason: string) => void
  isHurried: () => boolean
}

interface Exit {
  code: number | null
  signal: NodeJS.Signals | null
}

/** Starts the command, reads its output to the end, and kills every process that it leaves. */
async function execute(spec: CommandSpec, work: Work): Promise<Exit> {
  const { parts, log } = work
  if (work.stopping.aborted) return { code: null, signal: null }
  const pipes = await parts.pipes.take()
  const before = new Set(allPids())
  const group = createHash('sha256').update(markerFor(spec)).digest('hex').slice(0, 24)
  const bound = spec.limits && parts.memory.bound(group, spec.limits.memory * 1e6)
  const cgroup = bound && 'folder' in bound ? bound.folder : null
  const { child, out, err, exited } = start(spec, pipes, cgroup)
  const ended = new AbortController()
  if (spec.limits && child.pid !== undefined)
    void watch({
      ...{ limits: spec.limits, pid: child.pid, isMemoryBound: cgroup !== null },
      ...{ signal: ended.signal, onExceeded: work.fail },
    })
  const output = Promise.all([read(out, 'out', work), read(err, 'err', work)])
  const marker = markerFor(spec)
  // Only processes that are younger than the command can belong to it.
  const find = (): Found[] =>
    findProcesses(
      allPids().filter((pid) => !before.has(pid) || pid === child.pid),
      (each) => each === marker,
      child.pid ?? null,
    )
  const ending = aborted(work.stopping).then(() =>
    endTree(child, find, isConfined(spec), work.isHurried() ? 0 : parts.graceMs, parts),
  )
  const exit = await exited.finally(() => ended.abort())
  if (spec.limits && cgroup !== null && parts.memory.isExceeded(group))
    work.fail(memoryReason(spec.limits))
  if (work.stopping.aborted) await ending
  else {
    const { first, survived } = await endProcesses(
      find,
      Math.min(parts.graceMs, 1000),
      parts.monotonic,
    )
    const left = first.filter(({ program }) => program !== keeper)
    if (left.length > 0)
      log.add('fairlead', [
        `The command left ${nameProcesses(left)} running; ` +
          `${survived.length > 0 ? 'not all could be killed' : 'they were killed'}.`,
      ])
  }
  // Without /proc, no process was found.
  if (before.size === 0 && child.pid !== undefined) send(-child.pid, 'SIGKILL')
  // Every known process is dead, so the output ends soon, unless a process escaped.
  const isEnded = await Promise.race([
    output.then(() => true),
    sleep(10_000, false, { ref: false }),
  ])
  if (!isEnded)
    log.add('fairlead', [
      'A process that escaped the command keeps its output open; its further output is dropped.',
    ])
  out.destroy()
  err.destroy()
  parts.memory.release(group)
  return exit
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((done) => {
    if (signal.aborted) done()
    signal.addEventListener('abort', () => done(), { once: true })
  })

const isConfined = (spec: CommandSpec): boolean => (spec.confined?.helpers ?? []).length > 0

/**
 * Ends the process group, which is known without a search, then every process that can be found.
 * The process that confines the command must outlive it.
 */
async function endTree(
  child: ChildProcess,
  find: () => Found[],
  confined: boolean,
  graceMs: number,
  parts: RunnerParts,
): Promise<void> {
  const { pid } = child
  if (pid === undefined) return
  if (graceMs === 0 || !confined) send(-pid, graceMs === 0 ? 'SIGKILL' : 'SIGTERM')
  const killer = setTimeout(() => send(-pid, 'SIGKILL'), graceMs)
  child.once('exit', () => clearTimeout(killer))
  if (child.exitCode !== null || child.signalCode !== null) clearTimeout(killer)
  await endProcesses(find, graceMs, parts.monotonic)
}

function start(
  spec: CommandSpec,
  pipes: [Pipe, Pipe] | null,
  cgroup: string | null,
): { child: ChildProcess; out: Readable; err: Readable; exited: Promise<Exit> } {
  const [outPipe, errPipe] = pipes ?? [null, null]
  const { helpers, filter } = spec.confined ?? unconfined
  try {
    const child = startApp({
      helpers: [...joinCgroup(cgroup), ...helpers],
      filter,
      command: ['/bin/sh', '-e', '-c', spec.command, 'sh'],
      env: spec.env,
      marker: { [markerName]: markerFor(spec) },
      // A confined command changes its directory itself, because it may not see this one.
      cwd: isConfined(spec) ? '/' : spec.cwd,
      output: [outPipe?.write ?? 'pipe', errPipe?.write ?? 'pipe'],
    })
    const exited = new Promise<Exit>((done, fail) => {
      child.once('error', fail)
      child.once('exit', (code, signal) => {
        const reported = isConfined(spec) ? signalOf(code) : null
        done(reported === null ? { code, signal } : { code: null, signal: reported })
      })
    })
    const open = (pipe: Pipe | null, own: Readable | null): Readable =>
      own ?? new Socket({ fd: pipe?.read ?? -1, readable: true, writable: false })
    return { child, out: open(outPipe, child.stdout), err: open(errPipe, child.stderr), exited }
  } catch (error) {
    for (const pipe of pipes ?? []) closeSync(pipe.read)
    throw error
  } finally {
    for (const pipe of pipes ?? []) closeSync(pipe.write)
  }
}

/** Milliseconds between two looks at lines that have not ended. */
const openLineMs = 500

/** Reads a stream to its end. When the log is slow, the pipe fills and the command waits. */
async function read(stream: Readable, name: 'out' | 'err', work: Work): Promise<void> {
  const splitter = splitLines(work.mask)
  const { log } = work
  // A line without its end, such as a prompt, is shown after a moment.
  let hasEnded = false // whether a line ended since the last look
  const timer = setInterval(() => {
    const piece = hasEnded || stream.isPaused() ? null : splitter.takeOpen()
    hasEnded = false
    if (piece !== null) log.addOpen(name, piece)
  }, openLineMs)
  await new Promise<void>((done) => {
    stream.on('data', (chunk: Buffer) => {
      const lines = splitter.push(chunk)
      hasEnded ||= lines.length > 0
      if (log.add(name, lines)) return
      stream.pause()
      void log.drained().then(() => stream.resume())
    })
    stream.once('error', () => done())
    stream.once('close', () => done())
    stream.once('end', () => done())
  })
  clearInterval(timer)
  log.add(name, splitter.end())
}
