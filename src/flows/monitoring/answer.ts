import type { AlertDetail } from '#contract/alert/alert.ts'
import { readAnswerKey } from '#domains/alert/answer-link.ts'
import * as escalation from '#domains/alert/escalation-store.ts'
import { type Answer, answerMinutes, answerPage } from '#platform/channel/answer.ts'
import { getNotification, useLink } from '#domains/alert/answer-store.ts'
import * as store from '#domains/alert/store.ts'
import { appendEvent } from '#engine/events.ts'
import type { NotifyParts } from './channel.ts'

export interface Answers {
  /** the page of a link; it changes nothing, so that a preview may fetch it */
  show(key: string): Promise<{ status: number; html: string }>
  /** acts, once for each link; the sentence says what happened */
  act(key: string, answer: Answer): Promise<{ status: number; html: string; sentence: string }>
}

/** Links in messages that acknowledge an alert or pass it on, without a sign-in. */
export function createAnswers({
  db,
  secrets,
  now,
  publicUrl,
}: Pick<NotifyParts, 'db' | 'secrets' | 'publicUrl'> & { now(): number }): Answers {
  const find = async (key: string) => {
    const id = readAnswerKey(secrets, key, now())
    const found = id === null ? null : await getNotification(db, id)
    const alert = found && (await store.getDetail(db, found.alert))
    return found && alert ? { ...found, alert } : null
  }
  const done = (status: number, alert: AlertDetail | null, sentence: string) => ({
    ...{ status, sentence },
    html: answerPage(
      { title: alert?.title ?? 'Fairlead', text: sentence, link: linkTo(publicUrl, alert) },
      null,
    ),
  })
  return {
    show: async (key) => {
      const found = await find(key)
      if (!found) return done(410, null, ended)
      const { alert, person, answered } = found
      const why = cannotAct(alert, answered)
      if (why !== null) return done(200, alert, why)
      const text = `${person}, this alert is open. Take it on for an hour?`
      const page = { title: alert.title, text, link: linkTo(publicUrl, alert) }
      return { status: 200, html: answerPage(page, key) }
    },
    act: async (key, answer) => {
      const found = await find(key)
      if (!found) return done(410, null, ended)
      const { alert, person, answered, id } = found
      const why = cannotAct(alert, answered)
      if (why !== null) return done(409, alert, why)
      if (!(await useLink(db, id))) return done(409, alert, used)
      const data = {
        environment: alert.environment,
        ...{ service: alert.service, title: alert.title, comment: '' },
      }
      const head = {
        subject: `alert/${alert.id}`,
        chain: alert.app === null ? 'server' : `app/${alert.app}`,
        ...(alert.app === null ? {} : { app: alert.app }),
        actor: person,
      }
      if (answer === 'pass') {
        await db.batch([
          ...escalation.pass(alert.id, person),
          store.addEntry(alert.id, 'passed', 'by the link in a message', person),
          appendEvent({ type: 'dev.cdeventsx.fairlead-alert.passed', ...head, data }),
        ])
        return done(200, alert, 'You passed the alert on. The next person is notified.')
      }
      const until = new Date(now() + answerMinutes * 60_000).toISOString()
      await db.batch([
        store.acknowledge(alert.id, person, until),
        escalation.dropPending(alert.id, `${person} acknowledged the alert`),
        store.addEntry(
          alert.id,
          'acknowledged',
          `until ${until}, by the link in a message`,
          person,
        ),
        appendEvent({
          type: 'dev.cdeventsx.fairlead-alert.acknowledged',
          ...head,
          data: { ...data, until },
        }),
      ])
      return done(
        200,
        alert,
        'You have this alert. It opens again in an hour unless it is resolved.',
      )
    },
  }
}

const ended = 'This link has expired or is not valid. Sign in to see the alert.'
const used = 'This link was already used.'

function cannotAct(alert: AlertDetail, answered: string | null): string | null {
  if (answered !== null) return used
  if (alert.state === 'resolved') return 'This alert is resolved.'
  return alert.state === 'acknowledged' ? `${alert.acknowledgedBy ?? 'Somebody'} has it.` : null
}

const linkTo = (publicUrl: string, alert: AlertDetail | null): string =>
  alert === null ? `${publicUrl}/alerts` : `${publicUrl}/alerts/${alert.id}`
