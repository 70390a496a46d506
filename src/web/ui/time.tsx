import { useTimeText } from '../live/dependencies.tsx'
import { agoWords, durationWords, forWords, momentWords } from '#contract/time-words.ts'

/** The time since a moment, updated every second. The exact time shows on hover. */
export function Ago({ time }: { time: string }) {
  const words = useTimeText((now) => agoWords(now - Date.parse(time)))
  return (
    <time dateTime={time} title={momentWords(time)} className="whitespace-nowrap">
      {words}
    </time>
  )
}

/** How long something has lasted, such as `for 3 min`. The exact begin shows on hover. */
export function Lasting({ since }: { since: string }) {
  const words = useTimeText((now) => forWords(now - Date.parse(since)))
  return (
    <time dateTime={since} title={`Since ${momentWords(since)}`} className="whitespace-nowrap">
      {words}
    </time>
  )
}

/** The time until a moment, updated every second. The exact time shows on hover. */
export function Until({ time }: { time: string }) {
  const words = useTimeText((now) => `in ${durationWords(Date.parse(time) - now, true)}`)
  return (
    <time dateTime={time} title={momentWords(time)} className="whitespace-nowrap">
      {words}
    </time>
  )
}

/** A duration. Without an end, it counts up. */
export function Elapsed({ from, to }: { from: string | null; to?: string | null | undefined }) {
  if (from === null) return null
  return to ? (
    <span className="whitespace-nowrap">{durationWords(Date.parse(to) - Date.parse(from))}</span>
  ) : (
    <CountingUp from={from} />
  )
}

function CountingUp({ from }: { from: string }) {
  const words = useTimeText((now) => durationWords(now - Date.parse(from), true))
  return <span className="whitespace-nowrap">{words}</span>
}
