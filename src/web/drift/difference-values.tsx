import type { Drift } from '#contract/drift/drift.ts'
import { Scrollable } from '../ui/scrollable.tsx'

/** The values of a difference, and what it means. */
export function DifferenceValues({ one }: { one: Drift }) {
  if (one.kind === 'task') return <TaskValues one={one} />
  const { declared, disk, running, atRestart, remedy } = one
  return (
    <>
      <dl className="mt-1 grid grid-cols-[5rem_minmax(0,1fr)] gap-x-3 break-all">
        <dt className="text-soft">Declared</dt>
        <dd>{declared ?? '–'}</dd>
        <dt className="text-soft">On disk</dt>
        <dd>{disk ?? '–'}</dd>
        <dt className="text-soft">Running</dt>
        <dd>{running ?? '–'}</dd>
      </dl>
      <p className="mt-1 text-soft">
        {atRestart
          ? 'The next restart changes what runs.'
          : 'The next restart does not change what runs.'}
        {remedy === 'deploy' ? ' A new deployment brings what is declared.' : ''}
      </p>
    </>
  )
}

function TaskValues({ one: { name, machine, object, place, diff } }: { one: Drift }) {
  return (
    <>
      <p className="mt-1 break-all">
        {object === null ? null : <code className="mr-2 font-mono text-small">{object}</code>}
        {place === null ? null : <code className="font-mono text-small text-soft">{place}</code>}
      </p>
      {diff === null ? null : (
        <Scrollable
          as="pre"
          label={`Difference on ${machine}: ${name}`}
          className="mt-1 max-h-72 font-mono text-small"
        >
          {diff}
        </Scrollable>
      )}
      <p className="mt-1 text-soft">
        The next application changes the machine; what a restart of it changes is not known. To keep
        what is on the machine, change the playbook: its value may come from a variable, a template
        or a role.
      </p>
    </>
  )
}
