import {
  type FaultAnswer,
  faultAnswer,
  type FaultRequest,
  type HostFault,
  hostFaults,
} from '#contract/experiment/fault.ts'

/** Faults of a host. */
export interface FaultClient {
  /** Resolves when the fault exists. Throws why it is impossible. */
  make(app: string, environment: string, request: FaultRequest): Promise<FaultAnswer>
  /** oldest first, also those that were undone in the last day */
  list(): Promise<HostFault[]>
  /** Postpones the undo by so many milliseconds from now, at most until the end of the fault. */
  renew(id: string, lease: number): Promise<void>
  /** Begins the undo; `list` shows when it is done. */
  undo(id: string, reason: string): Promise<void>
}

type Call = (method: string, path: string, body?: unknown, timeoutMs?: number) => Promise<unknown>

export const createFaultClient = (call: Call): FaultClient => ({
  make: async (app, environment, request) => {
    const path = `/apps/${app}/environments/${environment}/faults`
    return faultAnswer.parse(await call('POST', path, request, 60_000))
  },
  list: async () => hostFaults.parse(await call('GET', '/faults', undefined, 2000)).faults,
  renew: async (id, lease) => void (await call('PUT', `/faults/${id}/lease`, { lease }, 2000)),
  undo: async (id, reason) => void (await call('POST', `/faults/${id}/undo`, { reason }, 2000)),
})
