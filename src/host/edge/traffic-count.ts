/** Milliseconds after which a request in progress counts as hanging. */
const hangingMs = 10_000

/** What the requests for one service of a release came to, since the host started. */
export interface ServiceCount {
  service: string
  /**
   * Ended requests by outcome: `1xx` to `5xx`, `refused`, `broken`, `left` (the client left first).
   */
  outcomes: Record<string, number>
  /** Bytes of the responses, heads included. */
  bytes: number
  /** Requests in progress, and those of them that take longer than 10 seconds. */
  open: number
  hanging: number
}

/** The requests for the services of one release. */
export class TrafficCount {
  readonly #ended = new Map<string, Pick<ServiceCount, 'outcomes' | 'bytes'>>()

  end(service: string, outcome: string, bytes: number): void {
    let sums = this.#ended.get(service)
    if (!sums) this.#ended.set(service, (sums = { outcomes: {}, bytes: 0 }))
    sums.outcomes[outcome] = (sums.outcomes[outcome] ?? 0) + 1
    sums.bytes += bytes
  }

  /** The counts by name of the service, with those of `open`, the requests in progress. */
  view(open: { service: string; began: number }[], now: number): ServiceCount[] {
    const names = new Set([...this.#ended.keys(), ...open.map(({ service }) => service)])
    return [...names].toSorted().map((service) => {
      const mine = open.filter((one) => one.service === service)
      const { outcomes = {}, bytes = 0 } = this.#ended.get(service) ?? {}
      const hanging = mine.filter(({ began }) => now - began > hangingMs).length
      return { service, outcomes: { ...outcomes }, bytes, open: mine.length, hanging }
    })
  }
}
