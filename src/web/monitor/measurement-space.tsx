import { useQuery } from '@tanstack/react-query'
import { Link } from 'react-router'
import { FairleadError } from '#contract/errors.ts'
import { isStorageFull, storageWords } from '#contract/signal/storage.ts'
import { useClient } from '../live/dependencies.tsx'
import { RowsShape, Section } from '../ui/page.tsx'
import { Loaded } from '../ui/problem.tsx'
import { asSentence } from '../ui/state.ts'
import { StatusIcon } from '../ui/status.tsx'

const title = 'Disk space of measurements'

/** What measurements take of their disk space. Only who may see every app may see it. */
export function MeasurementSpace() {
  const client = useClient()
  const query = useQuery({
    queryKey: ['measurement-space'],
    // The series themselves are not shown here.
    queryFn: async ({ signal }) =>
      (await client.listMachineSignals({ query: { names: 'machine-disk', minutes: 1 }, signal }))
        .storage,
    // It grows by the hour, and the server adds up every block for it.
    staleTime: 300_000,
    retry: false,
  })
  if (query.error instanceof FairleadError && query.error.code === 'not_allowed') return null
  return (
    <Section title={title}>
      <Loaded query={query} shape={<RowsShape rows={1} />}>
        {(storage) => {
          const { used, limit } = storageWords(storage)
          return (
            <div className="panel space-y-1 px-4 py-3">
              <div className="flex flex-wrap items-center gap-x-4 gap-y-1">
                <span className="font-medium">{used}</span>
                <meter
                  min={0}
                  max={storage.budget}
                  value={Math.min(storage.bytes, storage.budget)}
                  aria-label={title}
                  className="w-40"
                />
              </div>
              <p className="flex items-start gap-2 text-soft">
                {isStorageFull(storage) ? (
                  <span className="mt-0.5">
                    <StatusIcon tone="warn" />
                  </span>
                ) : null}
                <span className="min-w-0">
                  {asSentence(limit)}{' '}
                  <Link to="/docs/monitoring" className="underline underline-offset-3">
                    How long measurements are kept
                  </Link>
                </span>
              </p>
            </div>
          )
        }}
      </Loaded>
    </Section>
  )
}
