import type { MachineRun } from '#contract/machine/machine.ts'
import { counted } from '#contract/text.ts'
import { Scrollable } from '../ui/scrollable.tsx'
import { Status } from '../ui/status.tsx'
import { asSentence } from '../ui/state.ts'
import { badgeOfMachine } from './words.ts'

type Shown = Pick<MachineRun, 'machines' | 'changes' | 'total' | 'mode'>

/** Each machine of a run, and each change. */
export function MachineChanges({ run }: { run: Shown }) {
  const { machines, changes, total, mode } = run
  return (
    <>
      <ul className="divide-y divide-edge">
        {machines.map((one) => (
          <li key={one.name} className="flex flex-wrap items-baseline gap-x-4 gap-y-1 px-4 py-2">
            <span className="font-medium">{one.name}</span>
            <Status badge={badgeOfMachine(one, mode)} />
            {one.reason === null ? null : (
              <span className="min-w-0 break-words">{asSentence(one.reason)}</span>
            )}
            {one.output === null ? null : (
              <Scrollable
                as="pre"
                label={`Output on ${one.name}`}
                className="max-h-72 basis-full font-mono text-small"
              >
                {one.output}
              </Scrollable>
            )}
          </li>
        ))}
      </ul>
      {changes.map(({ machine, task, at, object, diff }, i) => (
        <div key={i} className="border-t border-edge px-4 py-2">
          <p className="break-words">
            {machine}: {task}
            {at === null ? null : <code className="ml-2 font-mono text-small text-soft">{at}</code>}
            {object === null ? null : <code className="ml-2 font-mono text-small">{object}</code>}
          </p>
          {diff === null ? null : (
            <Scrollable
              as="pre"
              label={`Difference on ${machine}: ${task}`}
              className="mt-1 max-h-72 font-mono text-small"
            >
              {diff}
            </Scrollable>
          )}
        </div>
      ))}
      {total > changes.length ? (
        <p className="border-t border-edge px-4 py-2 text-soft">
          … and {counted(total - changes.length, 'change')} more.
        </p>
      ) : null}
    </>
  )
}
