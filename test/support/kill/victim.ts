// A replica in a process of its own that kills or freezes itself at one boundary. Told what to do
// by one line on its input; says on its output which boundaries it passes.
import { writeSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { createEngine } from '#engine/engine.ts'
import { systemClock } from '#platform/clock.ts'
import { openDatabase, type DatabaseOptions } from '#platform/postgres/postgres.ts'
import { observed, scenario } from './scenario.ts'

export interface Order {
  connection: DatabaseOptions['connection']
  lease: number
  /** the boundary; null to run to the end */
  target: string | null
  signal: 'SIGKILL' | 'SIGSTOP'
}

const say = (message: Record<string, unknown>): void =>
  void writeSync(1, `${JSON.stringify(message)}\n`)

async function main(order: Order): Promise<void> {
  let isHit = false
  const at = (label: string): void => {
    if (isHit) return
    if (order.target === null) return say({ passed: label })
    if (label !== order.target) return
    isHit = true
    say({ hit: label })
    process.kill(process.pid, order.signal)
  }
  const outside = await openDatabase({ connection: order.connection, size: 4 })
  const db = await openDatabase({ connection: order.connection, size: 6 })
  const log = {
    info: () => undefined,
    warn: (message: string) => say({ warn: message }),
    error: (message: string) => say({ warn: message }),
  }
  const engine = createEngine({
    db: observed(db, at),
    clock: systemClock,
    random: Math.random,
    replica: 'victim',
    definitions: scenario(outside, at),
    log,
    lease: order.lease,
    onLease: () => say({ lease: true }),
  })
  await engine.open()
}

createInterface(process.stdin).once('line', (line) => void main(JSON.parse(line) as Order))
