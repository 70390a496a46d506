import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { Session } from '#contract/access/access.ts'
import { useSessions } from '../live/access-queries.ts'
import { useClient } from '../live/dependencies.tsx'
import { Button } from '../ui/button.tsx'
import { Confirm, type Question } from '../ui/dialog.tsx'
import { Nothing, PageHead, RowsShape, useTitle } from '../ui/page.tsx'
import { Loaded } from '../ui/problem.tsx'
import { Ago } from '../ui/time.tsx'
import { browserOf } from './browser.ts'

/** Lists the sessions of the signed-in user, who can end them. */
export function SessionsPage() {
  useTitle('Sessions')
  const query = useSessions()
  const client = useClient()
  const queries = useQueryClient()
  const [question, ask] = useState<Question | null>(null)
  const refresh = () => queries.invalidateQueries({ queryKey: ['sessions'] })
  const askEnd = (session: Session): void =>
    ask({
      title: `End the session of ${browserOf(session.agent)}?`,
      text: 'That browser has to sign in again.',
      verb: 'End session',
      danger: true,
      act: async () => {
        await client.endSession({ params: { session: session.id } })
        await refresh()
      },
    })
  const askEndOthers = (): void =>
    ask({
      title: 'End all other sessions?',
      text: 'You stay signed in only in this browser. Your tokens keep working.',
      verb: 'End sessions',
      danger: true,
      act: async () => {
        await client.endSessions()
        await refresh()
      },
    })
  const hasOthers = (query.data ?? []).some(({ isCurrent }) => !isCurrent)
  return (
    <>
      <PageHead
        title="Sessions"
        actions={hasOthers ? <Button onClick={askEndOthers}>End all other sessions</Button> : null}
      >
        <p className="mt-1 text-soft">
          The browsers where you are signed in. A session ends after 7 days without use, and after
          30 days in any case.
        </p>
      </PageHead>
      <Loaded query={query} shape={<RowsShape rows={2} />}>
        {(sessions) =>
          sessions.length === 0 ? (
            <Nothing>You are signed in with a token and have no session.</Nothing>
          ) : (
            <ul className="panel divide-y divide-edge">
              {sessions.map((session) => (
                <SessionRow key={session.id} session={session} end={() => askEnd(session)} />
              ))}
            </ul>
          )
        }
      </Loaded>
      <Confirm question={question} close={() => ask(null)} />
    </>
  )
}

function SessionRow({ session, end }: { session: Session; end: () => void }) {
  return (
    <li className="flex items-center gap-4 px-4 py-3">
      <div className="grid min-w-0 flex-1 gap-x-6 sm:grid-cols-[minmax(0,1fr)_minmax(6rem,1fr)_10rem_11rem]">
        <span className="truncate font-medium" title={session.agent ?? ''}>
          {browserOf(session.agent)}
        </span>
        <span className="truncate text-soft">
          {session.address ?? 'unknown address'}, signed in by{' '}
          {session.way === 'link' ? 'a link' : 'the provider'}
        </span>
        <span className="text-soft">
          began <Ago time={session.created} />
        </span>
        <span className="text-soft">
          last used <Ago time={session.seen} />
        </span>
      </div>
      {session.isCurrent ? (
        <span className="min-w-16 text-right whitespace-nowrap text-soft">this browser</span>
      ) : (
        <Button
          className="w-16"
          onClick={end}
          aria-label={`End the session of ${browserOf(session.agent)}`}
        >
          End
        </Button>
      )}
    </li>
  )
}
