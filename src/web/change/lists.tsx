import type { ChangeReport } from '#contract/change/change.ts'
import type { Finding, Measurement } from '#contract/report/report.ts'
import { CopyButton } from '../ui/copy.tsx'
import { Nothing, Section } from '../ui/page.tsx'
import type { Badge } from '../ui/state.ts'
import { Status, StatusIcon } from '../ui/status.tsx'
import { Ago } from '../ui/time.tsx'
import { NumbersTable } from '../ui/numbers-table.tsx'
import { Scrollable } from '../ui/scrollable.tsx'

export const levelBadges: Record<Finding['level'], Badge> = {
  error: { tone: 'bad', word: 'Error' },
  warning: { tone: 'warn', word: 'Warning' },
  note: { tone: 'fact', word: 'Note' },
}

/** Findings in files that the change does not touch. */
export function OtherFindings({ findings }: { findings: Finding[] }) {
  if (findings.length === 0) return null
  return (
    <Section title="Findings in other files">
      <ul className="panel divide-y divide-edge">
        {findings.map((one, index) => (
          <li key={index} className="flex flex-wrap items-start gap-x-3 gap-y-0.5 px-4 py-2">
            <Status badge={levelBadges[one.level]} />
            <span className="min-w-0 flex-1">
              {one.message}{' '}
              <span className="text-soft">
                {one.tool} {one.rule}
                {one.severity ? ` · ${one.severity}` : ''}
              </span>
            </span>
            {one.isNew ? <span className="text-warn">new</span> : null}
            {one.file ? (
              <code className="font-mono text-small text-soft">
                {one.file}
                {one.line === null ? '' : `:${one.line}`}
              </code>
            ) : null}
          </li>
        ))}
      </ul>
    </Section>
  )
}

const plain = (value: number): string => String(Number(value.toPrecision(4)))

/** Performance measurements. Those that are worse beyond noise come first. */
export function Measurements({ measurements }: { measurements: Measurement[] }) {
  if (measurements.length === 0) return null
  return (
    <Section title="Performance">
      <Scrollable label="Performance" className="panel px-4 py-3">
        <div className="min-w-[32rem]">
          <NumbersTable
            head={['Measurement', 'Now', 'Before', 'Change', '95 % interval']}
            rows={measurements.map((one) => [
              one.name,
              `${plain(one.value)} ${one.unit}`.trim(),
              one.before === null ? 'new' : plain(one.before),
              <Worse key="worse" worse={one.worse} />,
              rangeOf(one.worse),
            ])}
          />
        </div>
      </Scrollable>
    </Section>
  )
}

function Worse({ worse }: Pick<Measurement, 'worse'>) {
  if (worse === null) return <span className="text-soft">nothing to compare with</span>
  const word = `${Math.abs(worse.percent).toFixed(1)} % ${worse.percent > 0 ? 'worse' : 'better'}`
  if ((worse.low ?? 0) <= 0) return word
  return (
    <span className="inline-flex items-center gap-1.5 text-warn">
      <StatusIcon tone="warn" />
      {word}
    </span>
  )
}

function rangeOf(worse: Measurement['worse']): string {
  if (worse === null) return ''
  if (worse.low === null || worse.high === null) return 'too few runs to estimate noise'
  return `${worse.low.toFixed(1)} to ${worse.high.toFixed(1)} %`
}

const kinds: Record<string, string> = {
  provenance: 'Build provenance',
  tests: 'Tests',
  coverage: 'Coverage',
  findings: 'Findings',
  sbom: 'Bill of materials',
  gates: 'Gates',
  verdict: 'Canary analysis',
}
const good = new Set(['passed', 'warned', 'promoted'])

/** The signed statements about the artifact. */
export function Evidence({
  report: { evidence },
  artifact,
}: {
  report: ChangeReport
  artifact: string | null
}) {
  return (
    <Section
      title="Evidence"
      aside={
        artifact === null ? null : (
          <p className="flex items-center text-soft">
            <code className="font-mono text-small">{artifact.slice(0, 19)}…</code>
            <CopyButton text={artifact} label="Copy the digest" />
          </p>
        )
      }
    >
      {evidence.length === 0 ? (
        <Nothing>
          {artifact === null
            ? 'No artifact was built, so there is nothing to sign.'
            : 'No evidence is signed yet.'}
        </Nothing>
      ) : (
        <ul className="panel divide-y divide-edge">
          {evidence.map(({ kind, environment, result, created, predicateType }) => (
            <li
              key={`${kind}${environment}`}
              className="flex flex-wrap items-center gap-x-4 gap-y-0.5 px-4 py-2"
            >
              <span className="w-28">
                <Status
                  badge={{
                    tone: good.has(result) ? 'good' : 'warn',
                    word: result.replace('_', ' '),
                  }}
                />
              </span>
              <span className="min-w-40 flex-1">
                {kinds[kind] ?? kind}
                {environment === null ? null : ` in ${environment}`}
              </span>
              <code className="font-mono text-small text-soft">{predicateType}</code>
              <span className="text-soft">
                signed <Ago time={created} />
              </span>
            </li>
          ))}
        </ul>
      )}
    </Section>
  )
}
