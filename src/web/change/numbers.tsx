import type { ChangeReport, RunNumbers } from '#contract/change/change.ts'
import type { Tone } from '../ui/state.ts'
import { StatusIcon } from '../ui/status.tsx'
import { formatCount } from '../ui/number.ts'
import { plural, share } from './words.ts'

interface Fact {
  title: string
  value: string
  /** the value in the last successful release */
  was: string | null
  detail: string
  tone: Tone
}

/** The numbers of the change, each with its value in the last successful release. */
export function Numbers({ report: { numbers, before } }: { report: ChangeReport }) {
  const facts = [
    tests(numbers, before),
    coverage(numbers, before),
    findings(numbers, before),
    measurements(numbers),
    code(numbers, before),
  ]
  return (
    <dl className="grid grid-cols-[repeat(auto-fit,minmax(11rem,1fr))] gap-3">
      {facts.map(({ title, value, was, detail, tone }) => (
        <div key={title} className="panel px-4 py-3">
          <dt className="label flex items-center gap-1.5">
            <StatusIcon tone={tone} size={14} />
            {title}
          </dt>
          <dd className="mt-0.5">
            <span className="text-lg font-semibold">{value}</span>
            {was === null ? null : <span className="ml-2 text-soft">was {was}</span>}
            <span className="block text-soft">{detail}</span>
          </dd>
        </div>
      ))}
    </dl>
  )
}

type Before = ChangeReport['before']

const unknown = (title: string, detail: string): Fact => ({
  title,
  value: 'Unknown',
  was: null,
  detail,
  tone: 'unknown',
})

function tests({ tests: now }: RunNumbers, before: Before): Fact {
  if (!now) return unknown('Tests', 'no step has a test report')
  const bad = now.failed + now.errored
  const detail = [
    `${bad} failed`,
    `${now.skipped} skipped`,
    ...(now.quarantined > 0 ? [`${now.quarantined} quarantined`] : []),
  ]
  return {
    title: 'Tests',
    value: `${formatCount(now.passed)} passed`,
    was: before?.tests ? formatCount(before.tests.passed) : null,
    detail: detail.join(', '),
    tone: bad > now.quarantined ? 'bad' : bad > 0 ? 'warn' : 'good',
  }
}

function coverage({ coverage: now }: RunNumbers, before: Before): Fact {
  if (!now) return unknown('Coverage', 'no step has a coverage report')
  const all = share(now.total.covered, now.total.lines)
  const was = before?.coverage
    ? share(before.coverage.total.covered, before.coverage.total.lines)
    : null
  if (!now.changed)
    return {
      title: 'Coverage',
      value: all,
      was,
      detail: 'of all lines; unknown for the changed lines',
      tone: 'fact',
    }
  return {
    title: 'Coverage of changed lines',
    value: share(now.changed.covered, now.changed.lines),
    was: null,
    detail:
      `${all} of all lines${was === null ? '' : `, was ${was}`}` +
      (now.unreported ? `; ${now.unreported} changed lines are in no report` : ''),
    tone:
      now.changed.lines > 0 && now.changed.covered === now.changed.lines && !now.unreported
        ? 'good'
        : 'fact',
  }
}

function findings({ findings: now }: RunNumbers, before: Before): Fact {
  if (!now) return unknown('Findings', 'no step has a findings report')
  const sum = (count: { error: number; warning: number; note: number }): number =>
    count.error + count.warning + count.note
  const fresh = now.fresh && sum(now.fresh)
  const counts = [plural(now.error, 'error'), plural(now.warning, 'warning')]
  return {
    title: 'Findings',
    value: fresh === null ? String(sum(now)) : `${fresh} new`,
    was: fresh === null && before?.findings ? String(sum(before.findings)) : null,
    detail: `${[...counts, plural(now.note, 'note')].join(', ')} in total`,
    tone: (now.fresh ?? now).error > 0 ? 'bad' : 'good',
  }
}

function measurements({ measurements: now }: RunNumbers): Fact {
  if (!now) return unknown('Performance', 'no step has a performance report')
  return {
    title: 'Performance',
    value: now.worse === 0 ? 'None worse' : `${now.worse} worse`,
    was: null,
    detail: `beyond noise, of ${now.total} measurements`,
    tone: now.worse > 0 ? 'warn' : 'fact',
  }
}

function code({ code: now }: RunNumbers, before: Before): Fact {
  if (!now) return unknown('Code', 'not measured yet')
  const was = before?.code
  const complex = `${plural(now.complex, 'complex function')}${was ? ` (was ${was.complex})` : ''}`
  return {
    title: 'Code',
    value: plural(now.code, 'line'),
    was: was ? formatCount(was.code) : null,
    detail: `${complex}, ${share(now.duplicated, now.code)} duplicated`,
    tone: was && now.complex > was.complex ? 'warn' : 'fact',
  }
}
