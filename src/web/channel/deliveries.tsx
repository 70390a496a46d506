import { useQuery } from '@tanstack/react-query'
import { Link } from 'react-router'
import type { Delivery } from '#contract/alert/alert.ts'
import { useClient } from '../live/dependencies.tsx'
import { Nothing, RowsShape } from '../ui/page.tsx'
import { Loaded } from '../ui/problem.tsx'
import { Ago } from '../ui/time.tsx'

/** The last messages to a channel, and what became of them. */
export function Deliveries({ channel }: { channel: string }) {
  const client = useClient()
  const query = useQuery({
    queryKey: ['channels', channel],
    queryFn: async ({ signal }) =>
      (await client.listDeliveries({ params: { channel }, query: { limit: 20 }, signal }))
        .deliveries,
  })
  return (
    <Loaded query={query} shape={<RowsShape rows={3} />}>
      {(deliveries) =>
        deliveries.length === 0 ? (
          <Nothing>No messages yet.</Nothing>
        ) : (
          <ul className="divide-y divide-edge">
            {deliveries.map((one) => (
              <Row key={one.id} delivery={one} />
            ))}
          </ul>
        )
      }
    </Loaded>
  )
}

function Row({
  delivery: { alert, kind, state, sent, due, tries, problem },
}: {
  delivery: Delivery
}) {
  return (
    <li className="flex flex-wrap justify-between gap-x-4 py-2">
      <span>
        {alert === null ? (
          <span className="font-medium">{kind === 'test' ? 'Test' : 'Maintenance'}</span>
        ) : (
          <Link to={`/alerts/${alert}`} className="quiet-link font-medium">
            Alert {alert}
          </Link>
        )}{' '}
        {kind === 'test' ? state : `${kind}: ${state}`}
        {tries > 1 ? `, ${tries} attempts` : ''}
        {problem === null ? '' : `, ${problem}`}
      </span>
      <span className="text-soft">
        <Ago time={sent ?? due} />
      </span>
    </li>
  )
}
