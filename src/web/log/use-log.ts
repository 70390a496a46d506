import { useEffect, useState, useSyncExternalStore } from 'react'
import { endpointUrl } from '#contract/client.ts'
import { endpoints } from '#contract/endpoints.ts'
import { type LogLine, logLine } from '#contract/run/run.ts'
import { useClient } from '../live/dependencies.tsx'
import { createLogBuffer, type LogBuffer, type LogSource, type LogState } from './buffer.ts'

interface Which {
  run: number
  step: string
  attempt: number
}

const empty: LogState = { total: 0, complete: false, attempt: 0, problem: null, version: 0 }
const noSubscription = () => () => undefined

/** The log of one attempt of a step, while it is looked at. */
export function useLog({ run, step, attempt }: Which): {
  buffer: LogBuffer | null
  state: LogState
} {
  const client = useClient()
  const [buffer, setBuffer] = useState<LogBuffer | null>(null)
  useEffect(() => {
    const params = { run, step }
    const source: LogSource = {
      read: (after, limit) => client.getLog({ params, query: { after, limit, attempt } }),
      follow: (after, onLine, onEnd) => followLog({ run, step, attempt }, after, onLine, onEnd),
    }
    const made = createLogBuffer(source, (act) => void requestAnimationFrame(act))
    setBuffer(made)
    void made.open()
    return () => {
      made.close()
      setBuffer(null)
    }
  }, [client, run, step, attempt])
  const state = useSyncExternalStore(
    buffer?.subscribe ?? noSubscription,
    () => buffer?.state() ?? empty,
  )
  return { buffer, state }
}

/** Reads the stream of a log; after a lost connection it goes on behind the last line that came. */
function followLog(
  { run, step, attempt }: Which,
  after: number,
  onLine: (line: LogLine) => void,
  onEnd: () => void,
): () => void {
  let last = after
  let isEnded = false
  let source: EventSource | null = null
  let timer: ReturnType<typeof setTimeout> | undefined
  const connect = (): void => {
    source = new EventSource(
      endpointUrl('', endpoints.followLog, {
        params: { run, step },
        query: { after: last, attempt },
      }),
    )
    source.addEventListener('message', (message: MessageEvent<string>) => {
      const line = logLine.safeParse(JSON.parse(message.data))
      if (!line.success || line.data.n <= last) return
      last = line.data.n
      onLine(line.data)
    })
    source.addEventListener('end', () => {
      isEnded = true
      source?.close()
      onEnd()
    })
    source.addEventListener('error', () => {
      source?.close()
      timer = setTimeout(connect, 1000)
    })
  }
  // A browser has only six streams for all its tabs: one that nobody sees gives its own back.
  const onVisibility = (): void => {
    if (isEnded) return
    clearTimeout(timer)
    source?.close()
    if (!document.hidden) connect()
  }
  document.addEventListener('visibilitychange', onVisibility)
  connect()
  return () => {
    document.removeEventListener('visibilitychange', onVisibility)
    clearTimeout(timer)
    source?.close()
  }
}
