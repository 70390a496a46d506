import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { Channel } from '#contract/alert/alert.ts'
import { useClient } from '../live/dependencies.tsx'
import { useMay, useMe } from '../live/access-queries.ts'
import { Button } from '../ui/button.tsx'
import { Confirm, Modal, type Question } from '../ui/dialog.tsx'
import { Nothing, PageHead, RowsShape, useTitle } from '../ui/page.tsx'
import { Loaded, ProblemLine } from '../ui/problem.tsx'
import type { Badge } from '../ui/state.ts'
import { Status } from '../ui/status.tsx'
import { Ago } from '../ui/time.tsx'
import { ChannelForm } from './channel-form.tsx'
import { Deliveries } from './deliveries.tsx'
import { ThisBrowser } from './this-browser.tsx'

const badgeOf = ({ problem, proven }: Channel): Badge =>
  problem !== null
    ? { tone: 'bad', word: 'Refused' }
    : proven === null
      ? { tone: 'unknown', word: 'Not proven' }
      : { tone: 'good', word: 'Proven' }

/** Where messages about alerts go. */
export function ChannelsPage() {
  useTitle('Channels')
  const client = useClient()
  const mayChange = useMay('admin', null)
  const { data: me } = useMe()
  const [isCreating, setCreating] = useState(false)
  const query = useQuery({
    queryKey: ['channels'],
    queryFn: ({ signal }) => client.listChannels({ signal }),
    refetchInterval: 15_000,
  })
  return (
    <>
      <PageHead
        title="Channels"
        actions={
          <>
            <ThisBrowser />
            {mayChange ? (
              <Button kind="primary" onClick={() => setCreating(true)}>
                Add channel
              </Button>
            ) : null}
          </>
        }
      >
        <p className="mt-1 text-soft">
          Messages about alerts go to these channels. A channel is proven once it has accepted a
          message.
        </p>
      </PageHead>
      <Loaded query={query} shape={<RowsShape rows={4} height="h-16" />}>
        {({ channels }) =>
          channels.length === 0 ? (
            <Nothing>There are no channels, so nobody is notified.</Nothing>
          ) : (
            <ul className="panel divide-y divide-edge overflow-hidden">
              {channels.map((channel) => (
                <ChannelRow
                  key={channel.name}
                  channel={channel}
                  mayChange={mayChange || channel.person === me?.name}
                />
              ))}
            </ul>
          )
        }
      </Loaded>
      <Modal open={isCreating} close={() => setCreating(false)} title="Add channel">
        <ChannelForm
          kinds={(query.data?.kinds ?? []).filter(({ kind }) => kind !== 'web-push')}
          close={() => setCreating(false)}
        />
      </Modal>
    </>
  )
}

function ChannelRow({ channel, mayChange }: { channel: Channel; mayChange: boolean }) {
  const client = useClient()
  const queries = useQueryClient()
  const [question, ask] = useState<Question | null>(null)
  const [isOpen, setOpen] = useState(false)
  const [isTesting, setTesting] = useState(false)
  const [error, setError] = useState<unknown>(null)
  const { name, kind, person, urgency, problem, proven } = channel
  const test = async (): Promise<void> => {
    setError(null)
    setTesting(true)
    try {
      await client.testChannel({ params: { channel: name } })
    } catch (problem) {
      setError(problem)
    } finally {
      setTesting(false)
      await queries.invalidateQueries({ queryKey: ['channels'] })
    }
  }
  const askDelete: Question = {
    title: `Delete the channel ${name}?`,
    text: 'Its messages and their record are deleted, too.',
    verb: 'Delete',
    danger: true,
    act: async () => {
      await client.deleteChannel({ params: { channel: name } })
      await queries.invalidateQueries({ queryKey: ['channels'] })
    },
  }
  return (
    <li className="flex flex-wrap items-center gap-x-4 gap-y-2 px-4 py-3">
      <div className="min-w-0 flex-1 basis-56">
        <div className="flex flex-wrap items-center gap-x-3">
          <span className="font-medium">{name}</span>
          <Status badge={badgeOf(channel)} />
        </div>
        <div className="text-soft">
          {kind}, {person === null ? 'shared' : `of ${person}`}
          {urgency === 'high' ? ', high urgency only' : ''}
          {problem === null ? '' : `: ${problem}`}
          {proven === null ? null : (
            <>
              , worked <Ago time={proven} />
            </>
          )}
        </div>
        <ProblemLine error={error} />
      </div>
      <div className="flex flex-wrap gap-2">
        <Button aria-label={`Messages of ${name}`} onClick={() => setOpen(true)}>
          Messages …
        </Button>
        {mayChange ? (
          <>
            <Button aria-label={`Test ${name}`} disabled={isTesting} onClick={() => void test()}>
              Test
            </Button>
            <Button aria-label={`Delete ${name}`} onClick={() => ask(askDelete)}>
              Delete …
            </Button>
          </>
        ) : null}
      </div>
      <Modal open={isOpen} close={() => setOpen(false)} title={`Messages of ${name}`}>
        <Deliveries channel={name} />
      </Modal>
      <Confirm question={question} close={() => ask(null)} />
    </li>
  )
}
