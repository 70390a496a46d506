import { spawn } from 'node:child_process'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { helperEnvironment } from '#platform/process/program.ts'
import { selfCommand } from '#platform/self.ts'
import type { ProxyOrder } from './proxy-parameters.ts'

/** Milliseconds in which a proxy must listen. */
const startMs = 20_000

/** Starts a proxy that outlives this process, and waits until it listens. Throws when it cannot. */
export async function startProxy(order: ProxyOrder, marker: string): Promise<void> {
  const [node, ...args] = selfCommand('fault-proxy', JSON.stringify(order))
  const child = spawn(node, args, {
    ...{ cwd: '/', detached: true, stdio: 'ignore' },
    env: { ...helperEnvironment(), FAIRLEAD_PROCESS: marker },
  })
  child.on('error', () => undefined)
  child.unref()
  for (const end = performance.now() + startMs; performance.now() < end; await sleep(20)) {
    if (child.exitCode !== null) break
    if (await listens(order)) return
  }
  throw new Error('the proxy of the fault did not start')
}

const listens = ({ address: host, port }: ProxyOrder): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host, port })
    const answer = (does: boolean): void => {
      socket.destroy()
      resolve(does)
    }
    socket.on('connect', () => answer(true))
    socket.on('error', () => answer(false))
  })
