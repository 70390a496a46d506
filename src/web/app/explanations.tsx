import type { Explanation, LayerValue } from '#contract/configuration/comparison.ts'
import { useExplanations } from '../live/configuration-queries.ts'
import { Section } from '../ui/page.tsx'
import { Ago } from '../ui/time.tsx'
import { Scrollable } from '../ui/scrollable.tsx'

/** Where the value of each name comes from, and who set it when. */
export function Explanations({ app, environment }: { app: string; environment: string }) {
  const explanations = useExplanations(app, environment).data ?? []
  if (explanations.length === 0) return null
  const row = 'flex flex-col gap-0.5 px-4 py-1.5 sm:table-row'
  const cell = 'text-left font-normal align-top sm:px-4 sm:py-1.5'
  return (
    <Section title="Where values come from">
      <Scrollable label="Where values come from" className="panel">
        <table className="block w-full sm:table">
          <thead className="sr-only sm:not-sr-only sm:table-header-group">
            <tr className="border-b border-edge text-soft">
              {['Name', 'Value', 'From', 'Last set'].map((title) => (
                <th key={title} scope="col" className={cell}>
                  {title}
                </th>
              ))}
            </tr>
          </thead>
          {explanations.map((one) => (
            <tbody
              key={one.name}
              className="block border-b border-edge last:border-0 sm:table-row-group"
            >
              {one.layers.toReversed().map((layer, i) => (
                <tr key={`${layer.layer} ${layer.service}`} className={row}>
                  {i > 0 ? null : (
                    <th
                      scope="rowgroup"
                      rowSpan={one.layers.length}
                      className={`${cell} font-mono font-semibold break-all sm:font-normal`}
                    >
                      {one.name}
                    </th>
                  )}
                  <td className={`${cell} font-mono break-all`}>
                    <Value layer={layer} />
                  </td>
                  <td className={cell}>{placeOf(layer, environment)}</td>
                  <td className={`${cell} text-soft empty:hidden sm:empty:table-cell`}>
                    {layer.layer === 'configuration' ? <LastSet one={one} /> : null}
                  </td>
                </tr>
              ))}
            </tbody>
          ))}
        </table>
      </Scrollable>
    </Section>
  )
}

function Value({ layer: { value, reference, isOverridden } }: { layer: LayerValue }) {
  const text = value ?? (reference === null ? 'secret' : `secret from ${reference}`)
  const shown = text === '' ? '(empty)' : text
  if (isOverridden) return <s className="text-soft">{shown}</s>
  return value === null || value === '' ? <span className="text-soft">{shown}</span> : shown
}

function placeOf({ layer, service, isOverridden }: LayerValue, environment: string): string {
  const places = {
    service: `services.${service}.env in fairlead.yaml`,
    environment: `environments.${environment}.env in fairlead.yaml`,
    host: `environments.${environment}.hosts in fairlead.yaml`,
    configuration: 'this page or fairlead env, fairlead secret',
  }
  return isOverridden ? `${places[layer]}, overridden` : places[layer]
}

function LastSet({ one: { set, running } }: { one: Explanation }) {
  return (
    <>
      {set === null ? null : (
        <>
          version {set.version} by {set.actor} <Ago time={set.created} />
        </>
      )}
      {running === null || running.isSame ? null : (
        <span className="block text-warn">
          Deployment {running.deployment} runs with another value.
        </span>
      )}
    </>
  )
}
