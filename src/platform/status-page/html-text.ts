const escapes: Record<string, string> = {
  ...{ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' },
}

/** Text for HTML and XML. Characters that XML cannot contain are left out. */
export const escaped = (text: string): string =>
  text
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '')
    .replace(/[&<>"']/g, (one) => escapes[one]!)

/** A moment of UTC for readers and programs, to the minute or to the second. */
export function timeHtml(iso: string, to: 'minute' | 'second' = 'minute'): string {
  const date = new Date(iso).toISOString()
  const time = date.slice(11, to === 'minute' ? 16 : 19)
  return `<time datetime="${date}">${date.slice(0, 10)} at ${time} UTC</time>`
}
