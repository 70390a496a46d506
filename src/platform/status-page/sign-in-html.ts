import { escaped } from './html-text.ts'
import { framed } from './html.ts'

/**
 * The form before a private page. It tells nothing of the page, not even its title. `to` is the
 * path that the reader asked for. Pure.
 */
export const signInHtml = (to: string, problem: string): string =>
  framed(
    'Sign in',
    `<h1>Sign in</h1><p>This status page is private.</p>
<form method="post" action="/sign-in"><input type="hidden" name="to" value="${escaped(to)}">
${problem === '' ? '' : `<p role="alert"><strong>${escaped(problem)}</strong></p>`}
<p><label for="password">Password</label><br>
<input id="password" name="password" type="password" required maxlength="100"
autocomplete="current-password"></p><p><button>Sign in</button></p></form>`,
  )
