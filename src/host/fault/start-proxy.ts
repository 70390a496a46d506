import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { helperEnvironment } from '#platform/process/program.ts'
import { selfCommand } from '#platform/self.ts'
import { insideOf } from './namespace.ts'
import type { ProxyOrder } from './proxy-parameters.ts'

/** Milliseconds in which a proxy must listen. */
const startMs = 20_000

/** Starts a proxy that outlives this process, and waits until it listens. Throws when it cannot. */
export async function startProxy(
  order: ProxyOrder,
  marker: string,
  namespace: string | null = null,
): Promise<void> {
  const inside = namespace === null ? [] : (insideOf(namespace) ?? [])
  const command = [...inside, ...selfCommand('fault-proxy', JSON.stringify(order))]
  const [program = '', ...args] = command
  const child = spawn(program, args, {
    ...{ cwd: '/', detached: true, stdio: ['ignore', 'pipe', 'ignore'] },
    env: { ...helperEnvironment(), FAIRLEAD_PROCESS: marker },
  })
  child.on('error', () => undefined)
  child.unref()
  // It writes a line when it listens; it may be in another network.
  const late = sleep(startMs, undefined, { ref: false })
  await Promise.race([once(child.stdout, 'readable'), once(child, 'exit'), late])
  const isListening = child.stdout.read() !== null
  child.stdout.destroy()
  if (!isListening) throw new Error('the proxy of the fault did not start')
}
