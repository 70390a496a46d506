import { escaped } from './html-text.ts'
import { framed } from './html.ts'
import type { ShownPage } from './shown-page.ts'

const back = '<p><a href="/">Status</a></p>'

/** The form for updates by e-mail, which needs no script. Pure. */
export function subscribeHtml({ components }: Pick<ShownPage, 'components'>): string {
  const boxes = [...Map.groupBy(components, ({ app }) => app)].map(
    ([app, own]) =>
      `<p><label><input type="checkbox" name="app" value="${escaped(app)}" checked> ` +
      `${escaped(own.map(({ name }) => name).join(', '))}</label></p>`,
  )
  return framed(
    'Updates by e-mail',
    `${back}<h1>Updates by e-mail</h1>
<p>You get what is published about incidents. First, you get an e-mail with a link that confirms
your address; each e-mail has a link that ends the subscription.</p>
<form method="post" action="/subscribe">
<p><label for="email">E-mail address</label><br>
<input id="email" name="email" type="email" required maxlength="254" autocomplete="email"></p>
<fieldset><legend>Components</legend>${boxes.join('\n')}</fieldset>
<p><button>Subscribe</button></p></form>`,
  )
}

/** Asks before a link of an e-mail has an effect: programs that check links follow them. Pure. */
export function askHtml(kind: 'confirm' | 'unsubscribe', token: string): string {
  const [title, button] =
    kind === 'confirm'
      ? ['Confirm your subscription', 'Confirm']
      : ['End your subscription', 'Unsubscribe']
  return framed(
    title,
    `${back}<h1>${title}</h1>
<form method="post" action="/${kind}/${escaped(token)}"><p><button>${button}</button></p></form>`,
  )
}

/** Says what becomes of a request. Pure. */
export const saidHtml = (title: string, text: string): string =>
  framed(escaped(title), `${back}<h1>${escaped(title)}</h1><p>${escaped(text)}</p>`)
