import { useTimeText } from '../live/dependencies.tsx'
import { formatAgo, formatDuration, formatMoment } from './duration.ts'

/** The time since a moment, updated every second. The exact time shows on hover. */
export function Ago({ time }: { time: string }) {
  const words = useTimeText((now) => formatAgo(now - Date.parse(time)))
  return (
    <time dateTime={time} title={formatMoment(time)} className="whitespace-nowrap">
      {words}
    </time>
  )
}

/** A duration. Without an end, it counts up. */
export function Elapsed({ from, to }: { from: string | null; to?: string | null | undefined }) {
  if (from === null) return null
  return to ? (
    <span className="whitespace-nowrap">{formatDuration(Date.parse(to) - Date.parse(from))}</span>
  ) : (
    <CountingUp from={from} />
  )
}

function CountingUp({ from }: { from: string }) {
  const words = useTimeText((now) => formatDuration(now - Date.parse(from), true))
  return <span className="whitespace-nowrap">{words}</span>
}
