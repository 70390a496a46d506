import pg from 'pg'

type Callback = (payload: string | null) => void

/** One connection that listens to any number of channels. */
export interface Listener {
  listen(channel: string, callback: Callback): Promise<() => Promise<void>>
  close(): Promise<void>
}

/** Milliseconds between pings: an idle connection does not notice that its peer is gone. */
const pingEvery = 15_000
const timeoutMs = 5000

/**
 * Connects with the first `listen` and reconnects after a loss; every callback then receives
 * `null`.
 */
export function openListener(config: pg.ClientConfig, onError: (error: Error) => void): Listener {
  const channels = new Map<string, Set<Callback>>()
  let client: Promise<pg.Client> | null = null
  let timer: NodeJS.Timeout | undefined
  let isClosed = false

  const connect = async (): Promise<pg.Client> => {
    const next = new pg.Client({ ...config, query_timeout: timeoutMs })
    let isLost = false
    const lose = (error?: Error): void => {
      if (error) onError(error)
      if (isLost) return
      isLost = true
      clearInterval(pings)
      client = null
      if (!isClosed) again(50)
    }
    const pings = setInterval(() => {
      next.query('select 1').catch((error: Error) => {
        lose(error)
        void next.end().catch(() => undefined)
      })
    }, pingEvery)
    pings.unref()
    next.on('error', lose)
    next.on('end', () => lose())
    next.on('notification', ({ channel, payload }) => {
      for (const callback of channels.get(channel) ?? []) callback(payload ?? '')
    })
    try {
      await next.connect()
      for (const channel of channels.keys())
        await next.query(`listen ${pg.escapeIdentifier(channel)}`)
    } catch (error) {
      isLost = true
      clearInterval(pings)
      void next.end().catch(() => undefined)
      throw error
    }
    return next
  }

  const again = (pause: number): void => {
    if (channels.size === 0) return
    timer = setTimeout(async () => {
      try {
        client ??= connect()
        await client
        for (const callbacks of channels.values()) for (const callback of callbacks) callback(null)
      } catch (error) {
        client = null
        onError(error as Error)
        if (!isClosed) again(Math.min(pause * 2, 1000))
      }
    }, pause)
  }

  return {
    listen: async (channel, callback) => {
      const callbacks = channels.get(channel)
      if (callbacks) callbacks.add(callback)
      else {
        channels.set(channel, new Set([callback]))
        if (client) await (await client).query(`listen ${pg.escapeIdentifier(channel)}`)
      }
      client ??= connect()
      try {
        await client
      } catch (error) {
        client = null
        channels.get(channel)?.delete(callback)
        throw error
      }
      return async () => {
        channels.get(channel)?.delete(callback)
      }
    },
    close: async () => {
      isClosed = true
      clearTimeout(timer)
      const open = await client?.catch(() => null)
      await open?.end()
    },
  }
}
