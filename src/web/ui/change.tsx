import type { Change } from '#contract/app/app.ts'
import { shortSha } from './state.ts'

export function Sha({ sha }: { sha: string }) {
  return (
    <code className="shrink-0 font-mono text-small whitespace-nowrap" title={sha}>
      {shortSha(sha)}
    </code>
  )
}

/** A change in one line: its short SHA and its subject. */
export function ChangeLine({ change }: { change: Change }) {
  return (
    <span className="flex min-w-0 items-baseline gap-2">
      <span className="shrink-0 text-soft">
        <Sha sha={change.sha} />
      </span>
      <span className="truncate" title={change.subject}>
        {change.subject}
      </span>
    </span>
  )
}
