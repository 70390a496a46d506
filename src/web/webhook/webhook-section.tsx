import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { Link } from 'react-router'
import { forgeTitles } from '#contract/forge/forge.ts'
import type { Webhook, WebhookDelivery, WebhookGap } from '#contract/webhook/webhook.ts'
import { useMay } from '../live/access-queries.ts'
import { useWebhook, useWebhookDeliveries } from '../live/forge-queries.ts'
import { useClient } from '../live/dependencies.tsx'
import { Button } from '../ui/button.tsx'
import { Sha } from '../ui/change.tsx'
import { Command } from '../ui/copy.tsx'
import { Confirm, Modal, type Question } from '../ui/dialog.tsx'
import { More } from '../ui/more.tsx'
import { Nothing, RowsShape, Section } from '../ui/page.tsx'
import { Loaded, ProblemLine } from '../ui/problem.tsx'
import { asSentence, webhookBadges } from '../ui/state.ts'
import { Status, StatusIcon } from '../ui/status.tsx'
import { momentWords } from '#contract/time-words.ts'
import { Ago } from '../ui/time.tsx'

/** The webhook of an app, its deliveries, and the changes that none announced. */
export function WebhookSection({ app }: { app: string }) {
  const webhook = useWebhook(app)
  const deliveries = useWebhookDeliveries(app)
  return (
    <>
      <Section
        title="Webhook"
        aside={
          webhook.isSuccess ? (
            <span className="flex gap-2">
              <Actions app={app} exists={webhook.data !== null} />
            </span>
          ) : null
        }
      >
        <Loaded query={webhook} shape={<RowsShape rows={1} height="h-20" />}>
          {(found) => (found ? <Address webhook={found} /> : <NoWebhook />)}
        </Loaded>
      </Section>
      <Loaded query={deliveries} shape={<RowsShape rows={6} />}>
        {({ pages }) => {
          const gaps = pages[0]?.gaps ?? []
          const all = pages.flatMap((page) => page.deliveries)
          return (
            <>
              {gaps.length > 0 ? <Gaps gaps={gaps} /> : null}
              <Section title="Deliveries">
                {all.length === 0 ? (
                  <Nothing>No deliveries yet.</Nothing>
                ) : (
                  <ul className="panel divide-y divide-edge overflow-hidden">
                    {all.map((one) => (
                      <DeliveryRow key={one.number} delivery={one} />
                    ))}
                  </ul>
                )}
                <More query={deliveries} shown={all.length} noun="deliveries" />
              </Section>
            </>
          )
        }}
      </Loaded>
    </>
  )
}

const listOf = (names: string[]): string =>
  new Intl.ListFormat('en', { type: 'disjunction' }).format(names)

function NoWebhook() {
  return (
    <Nothing>
      This app has no webhook. Polling finds its commits within half a minute; a webhook announces
      them immediately.
    </Nothing>
  )
}

function Address({ webhook }: { webhook: Webhook }) {
  const isFormer = webhook.formerUntil !== null && Date.parse(webhook.formerUntil) > Date.now()
  return (
    <div className="panel flex flex-col gap-3 px-4 py-3">
      <p>
        Enter this address and the secret at {listOf(forgeTitles)}, or at any sender of CloudEvents.
        Choose JSON as the content type.
      </p>
      <Command text={webhook.url} />
      {isFormer ? (
        <p className="text-soft">
          The previous secret is valid until {momentWords(webhook.formerUntil ?? 0)}.
        </p>
      ) : null}
      {webhook.refused > 0 && webhook.refusedAt ? (
        <p className="flex items-start gap-2">
          <span className="mt-0.5">
            <StatusIcon tone="warn" />
          </span>
          <span>
            {webhook.refused} refused, the last one <Ago time={webhook.refusedAt} />:{' '}
            {asSentence(webhook.refusal ?? '')}
          </span>
        </p>
      ) : null}
    </div>
  )
}

function Gaps({ gaps }: { gaps: WebhookGap[] }) {
  return (
    <Section title="Changes found by polling">
      <ul className="panel divide-y divide-edge overflow-hidden">
        {gaps.map((gap) => (
          <li
            key={gap.number}
            className="grid gap-x-4 px-4 py-2.5 md:grid-cols-[8rem_minmax(0,1fr)_9rem]"
          >
            <Status
              badge={
                gap.arrived === null
                  ? { tone: 'warn', word: 'Missed' }
                  : { tone: 'back', word: 'Late' }
              }
            />
            <span>
              <Sha sha={gap.change} />
              {gap.looked === null
                ? null
                : ` · at most ${secondsOf(gap.looked, gap.found)} s after it was pushed`}
              {gap.arrived === null
                ? ' · no delivery announced it'
                : ` · its delivery came ${secondsOf(gap.found, gap.arrived)} s after that`}
            </span>
            <span className="text-soft md:text-right">
              <Ago time={gap.found} />
            </span>
          </li>
        ))}
      </ul>
    </Section>
  )
}

const secondsOf = (from: string, to: string): number =>
  Math.ceil((Date.parse(to) - Date.parse(from)) / 1000)

function DeliveryRow({ delivery }: { delivery: WebhookDelivery }) {
  const client = useClient()
  const queries = useQueryClient()
  const mayReplay = useMay('developer', delivery.app)
  const [error, setError] = useState<unknown>(null)
  const { number, app, run } = delivery
  const replay = async (): Promise<void> => {
    setError(null)
    try {
      await client.replayWebhookDelivery({ params: { app, number } })
      await queries.invalidateQueries({ queryKey: ['webhook', app] })
    } catch (problem) {
      setError(problem)
    }
  }
  return (
    <li
      className="grid grid-cols-[1fr_auto] items-center gap-x-4 gap-y-0.5 px-4 py-2.5
        md:grid-cols-[8rem_minmax(0,1fr)_9rem_auto]"
    >
      <Status badge={webhookBadges[delivery.state]} />
      <div className="col-span-2 row-start-2 min-w-0 md:col-span-1 md:row-start-1 md:col-start-2">
        <div className="truncate">
          {run === null ? (
            (delivery.outcome ?? 'Waiting for a sync of the repository')
          ) : (
            <>
              {delivery.outcome}:{' '}
              <Link to={`/runs/${run}`} className="quiet-link">
                run {run}
              </Link>
            </>
          )}
        </div>
        <div className="truncate text-soft">
          {number} · {delivery.forge} · {delivery.event} ·{' '}
          {delivery.subject.replace('refs/heads/', '')}
          {delivery.repeats > 0 ? ` · sent ${delivery.repeats + 1} times` : ''}
          {delivery.tries > 1 ? ` · ${delivery.tries} tries` : ''}
        </div>
        <ProblemLine error={error} />
      </div>
      <span className="hidden text-right text-soft md:block">
        <Ago time={delivery.received} />
      </span>
      {mayReplay ? (
        <Button onClick={() => void replay()} aria-label={`Replay delivery ${number}`}>
          Replay
        </Button>
      ) : null}
    </li>
  )
}

function Actions({ app, exists }: { app: string; exists: boolean }) {
  const client = useClient()
  const queries = useQueryClient()
  const mayChange = useMay('operator', app)
  const [question, ask] = useState<Question | null>(null)
  const [secret, setSecret] = useState<string | null>(null)
  if (!mayChange) return null
  const readAgain = () => queries.invalidateQueries({ queryKey: ['webhook', app] })
  const make = async (): Promise<void> => {
    setSecret((await client.putWebhook({ params: { app } })).secret)
    await readAgain()
  }
  const turn: Question = exists
    ? {
        title: 'Create a new secret?',
        text:
          'The previous secret stays valid for a day, so that no delivery is lost until you ' +
          'enter the new one at the Git provider.',
        verb: 'Create a secret',
        act: make,
      }
    : {
        title: `Create a webhook for ${app}?`,
        text: 'Enter its address and secret at the Git provider. The secret is shown only once.',
        verb: 'Create it',
        act: make,
      }
  const remove: Question = {
    title: `Delete the webhook of ${app}?`,
    text: 'Fairlead will refuse further deliveries. Polling still finds commits.',
    verb: 'Delete it',
    danger: true,
    act: async () => {
      await client.deleteWebhook({ params: { app } })
      await readAgain()
    },
  }
  return (
    <>
      <Button kind={exists ? 'plain' : 'primary'} onClick={() => ask(turn)}>
        {exists ? 'New secret …' : 'Create a webhook'}
      </Button>
      {exists ? <Button onClick={() => ask(remove)}>Delete …</Button> : null}
      <Confirm question={question} close={() => ask(null)} />
      <Modal open={secret !== null} close={() => setSecret(null)} title="Secret of the webhook">
        <p>Enter this secret at the Git provider now. It is not shown again.</p>
        <Command text={secret ?? ''} />
        <Button kind="primary" onClick={() => setSecret(null)}>
          Done
        </Button>
      </Modal>
    </>
  )
}
