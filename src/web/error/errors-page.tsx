import { useState } from 'react'
import { Link, useParams } from 'react-router'
import type { ErrorGroup } from '#contract/error/error.ts'
import { useAppNames } from '../live/queries.ts'
import { useMay } from '../live/access-queries.ts'
import { Button } from '../ui/button.tsx'
import { Command } from '../ui/copy.tsx'
import { SelectFilter, TextFilter, useFilter, wordChoices } from '../ui/filters.tsx'
import { formatCount } from '../ui/number.ts'
import { Nothing, PageHead, RowsShape, Section, useTitle, Warning } from '../ui/page.tsx'
import { Loaded } from '../ui/problem.tsx'
import { Status } from '../ui/status.tsx'
import { Ago } from '../ui/time.tsx'
import { badgeOf, droppedSentence, errorBadges } from './badges.ts'
import { useErrorKey, useErrors } from './queries.ts'
import { Sparkline } from '../chart/sparkline.tsx'

const fresh = [{ value: 'true', text: 'New or came back' }]

/** The list of errors of all apps. */
export function ErrorsPage() {
  useTitle('Errors')
  const [app] = useFilter('app')
  const apps = useAppNames()
  return (
    <>
      <PageHead
        title="Errors"
        actions={
          <>
            <SelectFilter
              name="app"
              label="App"
              choices={apps.map((name) => ({ value: name, text: name }))}
            />
            <Filters />
          </>
        }
      />
      <ErrorList app={app} />
    </>
  )
}

/** The errors of an app, and where SDKs send them. */
export function AppErrorsPage() {
  const { app = '' } = useParams()
  useTitle(`${app}: errors`)
  return (
    <>
      <div className="mb-4 flex flex-wrap gap-3">
        <Filters />
      </div>
      <ErrorList app={app} />
      <Sdk app={app} />
    </>
  )
}

const Filters = () => (
  <>
    <SelectFilter name="state" label="State" choices={wordChoices(errorBadges)} />
    <SelectFilter name="fresh" label="Show" choices={fresh} />
    <TextFilter name="text" label="Search" placeholder="TypeError" isSearch />
  </>
)

function ErrorList({ app }: { app: string }) {
  const [state] = useFilter('state')
  const [isFresh] = useFilter('fresh')
  const [text] = useFilter('text')
  const query = useErrors({
    ...(app === '' ? {} : { app }),
    ...(state in errorBadges ? { state: state as ErrorGroup['state'] } : {}),
    ...(isFresh === 'true' ? { fresh: 'true' as const } : {}),
    ...(text.trim() === '' ? {} : { text: text.trim() }),
  })
  return (
    <Loaded query={query} shape={<RowsShape rows={6} height="h-16" />}>
      {({ errors, dropped }) => (
        <>
          {dropped.map((one) => (
            <Warning key={`${one.app}/${one.reason}`} text={droppedSentence(one)} />
          ))}
          {errors.length === 0 ? (
            <Nothing>
              {state || isFresh || text
                ? 'No errors match the filter.'
                : 'No errors yet. Exceptions in the output of services appear here by themselves.'}
            </Nothing>
          ) : (
            <ul className="panel divide-y divide-edge overflow-hidden">
              {errors.map((error) => (
                <ErrorRow key={error.id} error={error} isOfApp={app !== ''} />
              ))}
            </ul>
          )}
        </>
      )}
    </Loaded>
  )
}

function ErrorRow({ error, isOfApp }: { error: ErrorGroup; isOfApp: boolean }) {
  const { id, app, type, message, place, environments, count, people, hours, lastSeen } = error
  const where = [...(isOfApp ? [] : [app]), environments.join(', '), place].filter(Boolean)
  return (
    <li
      className="grid grid-cols-[1fr_auto] items-center gap-x-4 gap-y-0.5 px-4 py-2.5
        md:grid-cols-[7.5rem_minmax(0,1fr)_8rem_8rem]"
    >
      <Status badge={badgeOf(error)} />
      <div className="col-span-2 row-start-2 min-w-0 md:col-span-1 md:row-start-1 md:col-start-2">
        <div className="truncate">
          <Link to={`/errors/${id}`} className="quiet-link font-medium">
            {type}
          </Link>{' '}
          {message}
        </div>
        <div className="truncate text-soft">{where.join(' · ')}</div>
      </div>
      <div className="hidden md:block">
        <Sparkline counts={hours} label={`Events of the last 24 hours: ${hours.join(', ')}`} />
      </div>
      <span className="text-right text-soft">
        {formatCount(count)}×{people === null ? '' : `, ${formatCount(people)} people`}
        <br className="hidden md:block" /> <Ago time={lastSeen} />
      </span>
    </li>
  )
}

function Sdk({ app }: { app: string }) {
  const mayRead = useMay('developer', app)
  const [isShown, show] = useState(false)
  const { data } = useErrorKey(app, isShown)
  if (!mayRead) return null
  return (
    <Section title="SDKs of Sentry">
      <div className="panel flex flex-col items-start gap-3 px-4 py-3">
        <p className="text-soft">
          Services get this address as SENTRY_DSN, and their release as SENTRY_RELEASE. Set it in
          the code of a page that runs in browsers.
        </p>
        {data ? (
          <div className="w-full">
            <Command text={data.dsn} />
          </div>
        ) : (
          <Button onClick={() => show(true)}>Show the address</Button>
        )}
      </div>
    </Section>
  )
}
