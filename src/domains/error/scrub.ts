/** Parts of the names of values that are secret or personal, without `-`, `_` and `.`. */
const secretWords = [
  ...['passw', 'passphrase', 'secret', 'token', 'apikey', 'privatekey', 'authoriz', 'credential'],
  ...['cookie', 'session', 'csrf', 'xsrf', 'cardnumber', 'cvv', 'cvc', 'ssn', 'iban'],
]

function isSecret(name: string): boolean {
  const plain = name.toLowerCase().replace(/[-_.]/g, '')
  return plain === 'auth' || secretWords.some((word) => plain.includes(word))
}

const hidden = '[removed]'

/** A secret name and its sign: `password=`, `"token": `. */
const assigned =
  /[\w.-]{0,40}(?:passw|secret|token|api[-_]?key|authoriz|cookie)[\w.-]{0,40}["']?\s?[=:]\s?/gi
const value =
  /(?:(?:Bearer|Basic|Digest|Sentry)\s)?(?:"[^"]{0,2000}"|'[^']{0,2000}'|[^\s,;&}"']{1,2000})/iy
const scheme = /\b(Bearer|Basic|Digest)\s+[\w.~+/=-]{8,}/gi
const jwt = /\beyJ[\w-]{8,}\.[\w-]{4,}\.[\w-]{0,}/g
/** Keys with the prefix of a service: GitHub, GitLab, Slack, Stripe, AWS, Google, Fairlead. */
const known =
  /\b(?:gh[opsu]_|github_pat_|glpat-|xox[abpr]-|sk_live_|rk_live_|sk-|AKIA|AIza|fl_)[\w-]{12,}/g
const inAddress = /(\/\/)[^\s/@:]{1,200}:[^\s/@]{1,200}@/g
const email = /[\w.!#$%&'*+=?^`{|}~-]{1,64}@(?:[\w-]{1,63}\.){1,8}[a-z]{2,24}\b/gi
const digits = /\b\d(?:[ -]?\d){12,18}\b/g

/** Removes e-mail addresses, numbers of cards, and credentials from a text. */
export function scrubText(text: string): string {
  return hideAssigned(text)
    .replace(scheme, `$1 ${hidden}`)
    .replace(jwt, hidden)
    .replace(known, hidden)
    .replace(inAddress, `$1${hidden}@`)
    .replace(email, '[e-mail]')
    .replace(digits, (number) => (isCard(number) ? '[card]' : number))
}

/** Removes what is assigned to secret names. */
function hideAssigned(text: string): string {
  let shown = ''
  let at = 0
  for (const { index, 0: name } of text.matchAll(assigned)) {
    value.lastIndex = index + name.length
    const found = index < at ? null : value.exec(text)
    if (!found) continue
    shown += text.slice(at, index + name.length) + hidden
    at = value.lastIndex
  }
  return shown + text.slice(at)
}

/** Whether the digits are the number of a card: ISO/IEC 7812, with the check digit of Luhn. */
export function isCard(text: string): boolean {
  const number = text.replace(/\D/g, '')
  if (number.length < 13 || number.length > 19 || !/^[2-6]/.test(number)) return false
  let sum = 0
  for (let i = 0; i < number.length; i += 1) {
    const digit = Number(number[number.length - 1 - i])
    const value = i % 2 === 1 ? digit * 2 : digit
    sum += value > 9 ? value - 9 : value
  }
  return sum % 10 === 0
}

/** Scrubs every text in a JSON value, and removes values whose names are secret. */
export function scrub(value: unknown, name = '', depth = 0): unknown {
  if (name !== '' && isSecret(name) && isFilled(value)) return hidden
  if (typeof value === 'string') return scrubText(value)
  if (typeof value !== 'object' || value === null) return value
  if (depth > 20) return hidden
  if (Array.isArray(value)) return value.map((one) => scrubItem(one, depth))
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [key, scrub(one, key, depth + 1)]),
  )
}

/** Headers and tags may be pairs of a name and a value. */
function scrubItem(item: unknown, depth: number): unknown {
  if (Array.isArray(item) && item.length === 2 && typeof item[0] === 'string')
    return [scrubText(item[0]), scrub(item[1], item[0], depth + 1)]
  return scrub(item, '', depth + 1)
}

const isFilled = (value: unknown): boolean =>
  (typeof value === 'string' && value !== '') || typeof value === 'number'
