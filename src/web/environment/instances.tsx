import type { Instance } from '#contract/environment/environment.ts'
import { Section } from '../ui/page.tsx'
import { crashLoopBadge, instanceBadges } from '../ui/state.ts'
import { Status } from '../ui/status.tsx'
import { Elapsed } from '../ui/time.tsx'
import { Scrollable } from '../ui/scrollable.tsx'

/** The instances of an environment, as last reported by its host. */
export function Instances({ instances }: { instances: Instance[] }) {
  const cell = 'px-2 py-2 text-left first:pl-3 font-normal whitespace-nowrap sm:px-4'
  return (
    <Section title="Instances">
      <Scrollable label="Instances" className="panel">
        <table className="w-full">
          <thead>
            <tr className="border-b border-edge text-soft">
              <th className={cell}>Service</th>
              <th className={cell}>State</th>
              <th className={cell}>Up for</th>
              <th className={cell}>Restarts</th>
              <th className={`${cell} hidden sm:table-cell`}>Process</th>
              <th className={`${cell} hidden sm:table-cell`}>Port</th>
            </tr>
          </thead>
          <tbody className="divide-y divide-edge">
            {instances.map((one) => (
              <tr key={`${one.host}/${one.service}/${one.index}/${one.release}`}>
                <td className={`${cell} font-medium`}>
                  {one.service}{' '}
                  <span className="text-soft">
                    {one.index}
                    {one.host !== undefined && ` on ${one.host}`}
                  </span>
                </td>
                <td className={cell}>
                  <Status badge={one.isLooping ? crashLoopBadge : instanceBadges[one.state]} />
                </td>
                <td className={cell}>{one.started ? <Elapsed from={one.started} /> : '–'}</td>
                <td className={`${cell} ${one.restarts > 0 ? 'font-medium text-warn' : ''}`}>
                  {one.restarts}
                </td>
                <td className={`${cell} hidden sm:table-cell`}>{one.pid ?? '–'}</td>
                <td className={`${cell} hidden sm:table-cell`}>{one.port ?? '–'}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scrollable>
    </Section>
  )
}
