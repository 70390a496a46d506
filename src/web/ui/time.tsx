import { useTimeText } from '../live/dependencies.tsx'
import { formatAgo, formatDuration, formatMoment } from './duration.ts'

/** How long ago, kept true; the exact time on hover. */
export function Ago({ time }: { time: string }) {
  const words = useTimeText((now) => formatAgo(now - Date.parse(time)))
  return (
    <time dateTime={time} title={formatMoment(time)} className="whitespace-nowrap">
      {words}
    </time>
  )
}

/** A duration; it counts up until there is an end. */
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
