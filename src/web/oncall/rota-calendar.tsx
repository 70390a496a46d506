import { useState } from 'react'
import type { Rota, Shift } from '#contract/oncall/oncall.ts'
import { minuteWords, shortDayWords } from '#contract/time-words.ts'
import { Button } from '../ui/button.tsx'
import { RowsShape } from '../ui/page.tsx'
import { Loaded } from '../ui/problem.tsx'
import {
  type CalendarDay,
  coloursOf,
  daysOf,
  mondayOf,
  periodDays,
  weeksAfter,
  weeksShown,
} from './calendar.ts'
import { Overrides } from './overrides.tsx'
import { useRota } from './queries.ts'

const tones = [
  ...['bg-move/25', 'bg-good/25', 'bg-warn/25'],
  ...['bg-move/10', 'bg-good/10', 'bg-warn/10'],
]
const weekdays = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']

/** The shifts of four weeks, a row for each week, and the weeks before and after them. */
export function RotaCalendar({ rota }: { rota: Rota }) {
  const [monday, setMonday] = useState(() => mondayOf(Date.now()))
  const query = useRota(rota.name, new Date(monday).toISOString(), periodDays)
  const colours = coloursOf(rota.layers.flatMap(({ people }) => people))
  return (
    <>
      <Pager rota={rota.name} monday={monday} setMonday={setMonday} />
      <Loaded query={query} shape={<RowsShape rows={4} height="h-12" />}>
        {({ shifts, overrides }) => (
          <>
            <Weeks rota={rota.name} days={daysOf(shifts, monday, weeksShown)} colours={colours} />
            <Overrides rota={rota.name} overrides={overrides} />
          </>
        )}
      </Loaded>
    </>
  )
}

/** Which weeks are shown, and buttons for others. */
function Pager({
  rota,
  monday,
  setMonday,
}: {
  rota: string
  monday: number
  setMonday: (monday: number) => void
}) {
  const current = mondayOf(Date.now())
  const last = weeksAfter(monday, weeksShown) - 1
  return (
    <nav
      className="mb-2 flex flex-wrap items-center gap-2"
      aria-label={`Weeks of the calendar of ${rota}`}
    >
      <span className="mr-auto text-soft" aria-live="polite">
        {shortDayWords(monday)} to {shortDayWords(last)}
      </span>
      <Button onClick={() => setMonday(weeksAfter(monday, -weeksShown))}>Earlier</Button>
      <Button disabled={monday === current} onClick={() => setMonday(current)}>
        Today
      </Button>
      <Button onClick={() => setMonday(weeksAfter(monday, weeksShown))}>Later</Button>
    </nav>
  )
}

function Weeks({
  rota,
  days,
  colours,
}: {
  rota: string
  days: CalendarDay[]
  colours: Map<string, number>
}) {
  return (
    <div className="panel overflow-hidden">
      <div className="grid grid-cols-7 border-b border-edge" aria-hidden>
        {weekdays.map((day) => (
          <span key={day} className="label px-1 py-1 sm:px-2">
            {day}
          </span>
        ))}
      </div>
      <ol className="grid grid-cols-7" aria-label={`Shifts of ${rota}`}>
        {days.map((day) => (
          <Day key={day.at} day={day} colours={colours} />
        ))}
      </ol>
    </div>
  )
}

function Day({ day, colours }: { day: CalendarDay; colours: Map<string, number> }) {
  return (
    <li className="flex min-w-0 flex-col border-b border-edge pb-1 not-nth-[7n]:border-r">
      <time dateTime={new Date(day.at).toISOString()} className="label truncate px-1 pt-1 sm:px-2">
        {shortDayWords(day.at).replace(/ \d{4}$/, '')}
      </time>
      {day.parts.map(({ shift, from, until }) => (
        <span
          key={shift.from}
          title={titleOf(shift)}
          className={`mt-px truncate text-small ${
            shift.person === null ? 'bg-bad/20' : (tones[colours.get(shift.person) ?? 5] ?? '')
          }`}
          style={{
            marginInlineStart: `${from * 100}%`,
            width: `${(until - from) * 100}%`,
          }}
        >
          <span className="px-1">{shift.person ?? 'nobody'}</span>
        </span>
      ))}
    </li>
  )
}

const titleOf = ({ person, from, until, override }: Shift): string =>
  `${person ?? 'Nobody'}, ${minuteWords(from)} to ${minuteWords(until)}` +
  (override === null ? '' : ', by an override')
