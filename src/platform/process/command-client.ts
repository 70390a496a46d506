import { FairleadError } from '#contract/errors.ts'
import {
  type CommandPage,
  commandPage,
  type CommandStatus,
  commandStatus,
  type HostCommand,
} from '#contract/job/host.ts'
import type { Handshake, Upgraded } from './upgrade.ts'

interface Place {
  app: string
  environment: string
}

/** Commands that the host runs once; `key` names one for ever. */
export interface CommandClient {
  start(place: Place, key: string, command: HostCommand): Promise<CommandStatus>
  /** null for an unknown key */
  look(place: Place, key: string): Promise<CommandStatus | null>
  /** null for an unknown key */
  output(place: Place, key: string, after: number, waitMs: number): Promise<CommandPage | null>
  stop(place: Place, key: string): Promise<CommandStatus>
  remove(place: Place, key: string): Promise<void>
  /** Opens a WebSocket to its terminal, whose handshake has these headers. */
  openTerminal(place: Place, key: string, handshake: Handshake): Promise<Upgraded>
}

/** Makes a request that changes its connection to another protocol. */
type Upgrade = (path: string, headers: Handshake) => Promise<Upgraded>

type Call = (method: string, path: string, body?: unknown, timeoutMs?: number) => Promise<unknown>

export function createCommandClient(call: Call, upgrade: Upgrade): CommandClient {
  const at = ({ app, environment }: Place, key: string): string =>
    `/apps/${app}/environments/${environment}/commands/${key}`
  return {
    start: async (place, key, command) =>
      commandStatus.parse(await call('PUT', at(place, key), command)),
    look: async (place, key) =>
      orNull(async () => commandStatus.parse(await call('GET', at(place, key)))),
    output: async (place, key, after, waitMs) => {
      const path = `${at(place, key)}/output?after=${after}&wait=${waitMs}`
      return orNull(async () =>
        commandPage.parse(await call('GET', path, undefined, waitMs + 5000)),
      )
    },
    stop: async (place, key) =>
      commandStatus.parse(await call('POST', `${at(place, key)}/stop`, {})),
    remove: async (place, key) => void (await call('DELETE', at(place, key))),
    openTerminal: (place, key, handshake) => upgrade(`${at(place, key)}/terminal`, handshake),
  }
}

async function orNull<T>(ask: () => Promise<T>): Promise<T | null> {
  try {
    return await ask()
  } catch (error) {
    if (error instanceof FairleadError && error.code === 'not_found') return null
    throw error
  }
}
