import { useEffect, useState, useSyncExternalStore } from 'react'
import { endpointUrl } from '#contract/client.ts'
import { endpoints } from '#contract/endpoints.ts'
import { type LogLine, logLine } from '#contract/run/run.ts'
import type { OpenStream } from '../live/connection.ts'
import { useDependencies } from '../live/dependencies.tsx'
import { createLogBuffer, type LogBuffer, type LogSource, type LogState } from './buffer.ts'

interface Attempt {
  run: number
  step: string
  attempt: number
}

const empty: LogState = { total: 0, complete: false, attempt: 0, problem: null, version: 0 }
const noSubscription = () => () => undefined

/** The log of one attempt of a step, followed while the component is mounted. */
export function useLog({ run, step, attempt }: Attempt): {
  buffer: LogBuffer | null
  state: LogState
} {
  const { client, openStream } = useDependencies()
  const [buffer, setBuffer] = useState<LogBuffer | null>(null)
  useEffect(() => {
    const params = { run, step }
    const source: LogSource = {
      read: (after, limit) => client.getLog({ params, query: { after, limit, attempt } }),
      follow: (after, onLine, onEnd) =>
        followLog(openStream, { run, step, attempt }, after, onLine, onEnd),
    }
    const made = createLogBuffer(source, (act) => void requestAnimationFrame(act))
    setBuffer(made)
    void made.open()
    return () => {
      made.close()
      setBuffer(null)
    }
  }, [client, openStream, run, step, attempt])
  const state = useSyncExternalStore(
    buffer?.subscribe ?? noSubscription,
    () => buffer?.state() ?? empty,
  )
  return { buffer, state }
}

/** Follows a log stream. After a lost connection, resumes after the last received line. */
function followLog(
  openStream: OpenStream,
  { run, step, attempt }: Attempt,
  after: number,
  onLine: (line: LogLine) => void,
  onEnd: () => void,
): () => void {
  let last = after
  let isEnded = false
  let source: ReturnType<OpenStream> | null = null
  let timer: ReturnType<typeof setTimeout> | undefined
  const connect = (): void => {
    source = openStream(
      endpointUrl('', endpoints.followLog, {
        params: { run, step },
        query: { after: last, attempt },
      }),
    )
    source.addEventListener('message', (message: MessageEvent<string>) => {
      const line = logLine.safeParse(JSON.parse(message.data))
      if (!line.success || line.data.n <= last) return
      // An open line is sent again when it has grown.
      last = line.data.open ? line.data.n - 1 : line.data.n
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
  // Browsers allow six HTTP/1.1 connections per host over all tabs, so a hidden tab closes its own.
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
