import type { ServiceOutput } from '#contract/environment/environment.ts'
import type { Deployment } from '#contract/run/run.ts'
import { plainText } from '../log/ansi.ts'
import { StyledText } from '../log/styled-text.tsx'
import { useDeploymentOutput, useServiceLog } from '../live/deployment-queries.ts'
import { useFollowEnd } from '../ui/follow-end.ts'
import { useFilter } from '../ui/filters.tsx'
import { Section } from '../ui/page.tsx'
import { problemOf } from '../ui/problem.tsx'
import { classes } from '../ui/classes.ts'

const outputFrame = classes(
  'panel max-h-80 overflow-auto bg-sunken px-3 py-2 font-mono text-log',
  'leading-5',
)

function OutputLines({ lines }: { lines: ServiceOutput['lines'] }) {
  return lines.map((line, index) => (
    <div key={index} className="break-all whitespace-pre-wrap">
      <span className="mr-3 text-soft select-none">
        {line.host !== undefined && `${line.host} `}
        {line.service} {line.index}
      </span>
      <StyledText text={line.text} />
    </div>
  ))
}

/** The first error and the last output of a deployment that failed; nothing if it wrote nothing. */
export function FailedOutput({ deployment }: { deployment: Deployment }) {
  const { data } = useDeploymentOutput(deployment)
  if (!data || data.lines.length === 0) return null
  return (
    <section aria-label="Output of the failed deployment" className="mb-4">
      <h3 className="label mb-1">Output of its services</h3>
      {data.errors.map((error) => (
        <p key={`${error.host}.${error.service}.${error.index}`} className="mb-1 break-words">
          First error of {error.service} {error.index}
          {error.host !== undefined && ` on ${error.host}`}: <code>{plainText(error.text)}</code>
        </p>
      ))}
      <div tabIndex={0} role="log" aria-live="off" aria-label="Output" className={outputFrame}>
        <OutputLines lines={data.lines} />
      </div>
    </section>
  )
}

/** The latest log lines of the services. Follows the end unless the user scrolls up. */
export function ServiceLog({
  app,
  environment,
  services,
}: {
  app: string
  environment: string
  services: string[]
}) {
  const [service, setService] = useFilter('service')
  const { data: lines, error } = useServiceLog(app, environment, service || undefined)
  const frame = useFollowEnd(lines)
  const choice = (
    <label className="flex items-center gap-2">
      <span className="label">Service</span>
      <select
        className="field h-8 py-0"
        value={service}
        onChange={(event) => setService(event.target.value)}
      >
        <option value="">All</option>
        {services.map((name) => (
          <option key={name}>{name}</option>
        ))}
      </select>
    </label>
  )
  return (
    <Section title="Service logs" aside={services.length > 1 ? choice : null}>
      <div
        {...frame}
        tabIndex={0}
        role="log"
        aria-live="off"
        aria-label="Service logs"
        className={outputFrame}
      >
        <OutputLines lines={lines ?? []} />
        {lines?.length === 0 ? (
          <p className="py-4 text-center font-sans text-soft">No output yet.</p>
        ) : null}
        {!lines && error ? (
          <p className="py-4 text-center font-sans text-soft">{problemOf(error).title}</p>
        ) : null}
      </div>
    </Section>
  )
}
