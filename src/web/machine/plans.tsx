import { Link } from 'react-router'
import type { MachineRun } from '#contract/machine/machine.ts'
import { Section } from '../ui/page.tsx'
import { Status } from '../ui/status.tsx'
import { MachineChanges } from './changes.tsx'
import { machineRunBadges, sentenceOf } from './words.ts'

/** What a change would do to the machines of each environment. */
export function MachinePlans({ plans }: { plans: MachineRun[] }) {
  return plans.map((plan) => (
    <Section key={plan.id} title={`Machines of ${plan.environment}`}>
      <div className="panel">
        <div className="flex flex-wrap items-baseline gap-x-4 gap-y-1 border-b border-edge px-4 py-3">
          <Link to={`/apps/${plan.app}/machine-runs/${plan.id}`} className="quiet-link font-medium">
            Plan {plan.id}
          </Link>
          <Status badge={machineRunBadges[plan.state]} />
          <span className="min-w-0 break-words">{sentenceOf(plan)}</span>
        </div>
        <MachineChanges run={plan} />
      </div>
    </Section>
  ))
}
