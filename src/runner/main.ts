import type { CommandSpec } from '#platform/process/command.ts'
import { byLine, type FromRunner, type ToRunner } from '#platform/process/runner-protocol.ts'
import { type AttemptName, markerFor } from './marker.ts'
import { Abandoned, runCommand, type RunnerParts, runnerParts } from './run-command.ts'
import { allPids, endProcesses, findProcesses, markerOf } from './tree.ts'

/**
 * The runner process: reads requests on stdin and writes results to stdout. Kills all commands when
 * the lease of its server expires, and ends when stdin closes, because its server is then dead.
 * Resolves with the exit code.
 */
export async function main(): Promise<number> {
  const lease = createLease()
  const commands = new Map<number, AbortController>()
  const working = new Set<Promise<void>>()
  const parts = processParts()
  const send = (message: FromRunner): void =>
    void process.stdout.write(`${JSON.stringify(message)}\n`)
  const abandonAll = (why: string): void => {
    for (const command of commands.values()) command.abort(new Abandoned(why))
  }
  let cleared: Promise<void> = Promise.resolve()
  const run = async (call: number, spec: CommandSpec): Promise<void> => {
    const command = new AbortController()
    commands.set(call, command)
    await cleared
    if (lease.isOver()) command.abort(new Abandoned(leaseOver))
    const result = await runCommand(spec, command.signal, parts)
    commands.delete(call)
    send({ kind: 'result', call, result })
  }
  const handle = (message: ToRunner): void => {
    switch (message.kind) {
      case 'run':
        return keep(working, run(message.call, message.spec))
      case 'cancel':
        return commands.get(message.call)?.abort()
      case 'lease':
        return lease.extend(message.ms)
      case 'clear':
        cleared = clear(message.specs, parts)
        return keep(working, cleared)
    }
  }

  const leaseCheck = setInterval(() => lease.isOver() && abandonAll(leaseOver), 100)
  process.stdout.on('error', () => process.stdin.destroy()) // the server is gone
  const closed = new Promise<void>((done) => {
    process.stdin.setEncoding('utf8')
    process.stdin.on(
      'data',
      byLine((line) => handle(JSON.parse(line) as ToRunner)),
    )
    for (const event of ['end', 'close', 'error']) process.stdin.once(event, () => done())
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.once(signal, () => done())
  })
  parts.pipes.prepare()
  send({ kind: 'ready' })
  await closed
  abandonAll('the server ended')
  await Promise.allSettled(working)
  clearInterval(leaseCheck)
  parts.pipes.close()
  process.stdin.destroy()
  return 0
}

const leaseOver = 'was killed because the lease of the server expired'

/** Uses the clock of the runner, so that a frozen server cannot extend its lease. */
function createLease(): { extend(ms: number): void; isOver(): boolean } {
  let end = Number.POSITIVE_INFINITY
  return {
    extend: (ms) => {
      end = performance.now() + ms
    },
    isOver: () => performance.now() > end,
  }
}

/**
 * Only processes that are older than this runner can be left over from an earlier one. Their
 * markers are read once; a step without a marker among them needs no search.
 */
function processParts(): RunnerParts {
  const found = allPids().flatMap((pid) => markerOf(pid) ?? [])
  return { ...runnerParts(), mayHaveLeftOvers: (isEarlier) => found.some(isEarlier) }
}

async function clear(specs: AttemptName[], parts: RunnerParts): Promise<void> {
  const markers = new Set(specs.map(markerFor))
  await endProcesses(
    () => findProcesses(allPids(), (marker) => markers.has(marker), null),
    0,
    parts.monotonic,
  )
}

function keep(all: Set<Promise<void>>, work: Promise<void>): void {
  const kept = work.catch(() => undefined).finally(() => all.delete(kept))
  all.add(kept)
}
