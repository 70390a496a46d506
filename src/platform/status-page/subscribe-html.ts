import type { StatusComponent } from '#contract/status-page/status-page.ts'
import { escaped } from './html-text.ts'
import { framed, type Look } from './html.ts'
import type { ShownPage } from './shown-page.ts'

const back = '<p><a href="/">Status</a></p>'

type Offered = Pick<ShownPage, 'components' | 'subscribe' | 'subscribeUrl' | 'theme' | 'title'>

/** How the form names a component: one without a key is its whole app. Pure. */
export const choiceOf = ({
  app,
  component,
}: Pick<StatusComponent, 'app' | 'component'>): { field: 'app' | 'component'; value: string } =>
  component === ''
    ? { field: 'app', value: app }
    : { field: 'component', value: `${app}/${component}` }

/** The forms for updates, which need no script. Pure. */
export function subscribeHtml(page: Offered): string {
  const { components, subscribe, subscribeUrl } = page
  const boxes = components.map((one) => {
    const { field, value } = choiceOf(one)
    const group = one.group === '' ? '' : `${one.group}: `
    return (
      `<p><label><input type="checkbox" name="${field}" value="${escaped(value)}" checked> ` +
      `${escaped(group + one.name)}</label></p>`
    )
  })
  const form = (title: string, text: string, fields: string): string =>
    `<h2>${title}</h2>
<p>${text}</p>
<form method="post" action="/subscribe">
${fields}
<fieldset><legend>Components</legend>${boxes.join('\n')}</fieldset>
<p><button>Subscribe</button></p></form>`
  return framed(
    'Get updates',
    `${back}<h1>Get updates</h1>
<p>You get what is published about incidents. Each message has a link that ends the
subscription.</p>
${subscribe ? form('By e-mail', mailText, mailFields) : ''}
${subscribeUrl ? form('In a chat or by a webhook', urlText, urlFields) : ''}`,
    page,
  )
}

const mailText = 'You get an e-mail with a link that confirms your address.'

const mailFields = `<p><label for="email">E-mail address</label><br>
<input id="email" name="email" type="email" required maxlength="254" autocomplete="email"></p>`

const urlText =
  'A chat gets a message with a link that confirms the subscription. A webhook gets a challenge, ' +
  'and its answer has to contain it.'

const urlFields = `<p><label for="channel">What is at the address</label><br>
<select id="channel" name="channel">
<option value="slack">An incoming webhook of Slack, Mattermost or Rocket.Chat</option>
<option value="cloudevents">A webhook that receives CloudEvents</option></select></p>
<p><label for="url">Address</label><br>
<input id="url" name="url" type="url" required maxlength="1000" placeholder="https://"></p>`

/** Asks before a link of a message has an effect: programs that check links follow them. Pure. */
export function askHtml(kind: 'confirm' | 'unsubscribe', token: string, look?: Look): string {
  const [title, button] =
    kind === 'confirm'
      ? ['Confirm your subscription', 'Confirm']
      : ['End your subscription', 'Unsubscribe']
  return framed(
    title,
    `${back}<h1>${title}</h1>
<form method="post" action="/${kind}/${escaped(token)}"><p><button>${button}</button></p></form>`,
    look,
  )
}

/** Says what becomes of a request. Pure. */
export const saidHtml = (title: string, text: string, look?: Look): string =>
  framed(escaped(title), `${back}<h1>${escaped(title)}</h1><p>${escaped(text)}</p>`, look)
