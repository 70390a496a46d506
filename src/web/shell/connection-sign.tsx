import { CloudOff } from 'lucide-react'
import { useEffect, useState } from 'react'
import { useHealth } from '../live/queries.ts'
import { useConnection } from '../live/dependencies.tsx'
import { timeWords } from '#contract/time-words.ts'
import { StatusIcon } from '../ui/status.tsx'
import { classes } from '../ui/classes.ts'

/** A lost connection is shown only after this many milliseconds. */
const graceMs = 1200

function useLasting(value: boolean, ms: number): boolean {
  const [lasts, setLasts] = useState(false)
  useEffect(() => {
    const timer = setTimeout(() => setLasts(value), value ? ms : 0)
    return () => clearTimeout(timer)
  }, [value, ms])
  return value && lasts
}

/** The state of the connection, the host, and the disk. Prominent only when there is a problem. */
export function ConnectionSign() {
  const connection = useConnection()
  const { data: health } = useHealth()
  const isLost = useLasting(connection.kind === 'lost', graceMs)
  if (connection.kind === 'lost' && isLost) {
    const since = timeWords(connection.since)
    return (
      <span
        role="status"
        title={`No connection since ${since}. The console reconnects automatically.`}
        className="flex items-center gap-1.5 rounded-md bg-warn/12 px-2 py-1 font-medium text-warn"
      >
        <CloudOff size={15} aria-hidden />
        <span className="sm:hidden">Offline since {since}</span>
        <span className="hidden sm:inline">
          Reconnecting since {since} – data may be out of date
        </span>
      </span>
    )
  }
  const broken =
    health && health.status !== 'ok' ? (health.host === 'unreachable' ? 'host' : 'database') : null
  if (broken) {
    return (
      <span
        role="status"
        className="flex items-center gap-1.5 rounded-md bg-warn/12 px-2 py-1 font-medium text-warn"
      >
        <StatusIcon tone="warn" />
        The {broken} does not respond
      </span>
    )
  }
  if (health && health.disk.free < health.disk.floor * 2) {
    return (
      <span
        role="status"
        className="flex items-center gap-1.5 rounded-md bg-warn/12 px-2 py-1 font-medium text-warn"
      >
        <StatusIcon tone="warn" />
        {Math.round(health.disk.free)} MB of disk left
      </span>
    )
  }
  return (
    <span
      role="status"
      className="flex items-center gap-1.5 px-2 text-soft"
      title="Connected: the data updates live"
    >
      <span
        className={classes(
          'size-1.5 rounded-full',
          connection.kind === 'connecting' ? 'bg-soft' : 'bg-good',
        )}
        aria-hidden
      />
      {connection.kind === 'connecting' ? 'Connecting' : 'Live'}
    </span>
  )
}
