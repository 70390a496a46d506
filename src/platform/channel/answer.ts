import { escapeMarkup } from './markup.ts'

/** What a person does with the link of a message: they take the alert on, or pass it on. */
export type Answer = 'acknowledge' | 'pass'

/** Minutes until an alert that was acknowledged by a link opens again. */
export const answerMinutes = 60

/** The answer of a form, or of a telephone on which 1 or 2 was pressed; null for neither. */
export function answerOf({ action, Digits: digits }: Record<string, unknown>): Answer | null {
  if (digits !== undefined) return digits === '1' ? 'acknowledge' : digits === '2' ? 'pass' : null
  if (action === undefined) return null
  return action === 'pass' ? 'pass' : 'acknowledge'
}

/** What a telephone says. */
export const spoken = (sentence: string): string =>
  `<Response><Say>${escapeMarkup(sentence)}</Say></Response>`

const style =
  'body{font:1.1rem/1.5 system-ui;margin:2rem auto;max-width:32rem;padding:0 1rem;' +
  'color-scheme:light dark}button{font:inherit;padding:.8rem 1.2rem;margin:.3rem 0}'

const form = (key: string): string =>
  `<form method="post" action="/answer?key=${encodeURIComponent(key)}">` +
  '<button name="action" value="acknowledge">Acknowledge</button> ' +
  '<button name="action" value="pass">Not mine</button></form>'

/** A page without scripts, which every phone shows at once; with a key, it asks for the answer. */
export const answerPage = (
  { title, text, link }: { title: string; text: string; link: string },
  key: string | null,
): string =>
  '<!doctype html><html lang="en"><meta charset="utf-8">' +
  '<meta name="viewport" content="width=device-width"><meta name="robots" content="noindex">' +
  `<title>${escapeMarkup(title)}</title><style>${style}</style>` +
  `<main><h1>${escapeMarkup(title)}</h1><p>${escapeMarkup(text)}</p>` +
  (key === null ? '' : form(key)) +
  `<p><a href="${escapeMarkup(link)}">Open in Fairlead</a></p></main></html>`
