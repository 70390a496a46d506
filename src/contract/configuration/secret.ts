/**
 * Words that occur in any log. Masking them would make logs unreadable, and the gaps would reveal
 * the secret.
 */
const commonWords = new Set(
  `true false null none undefined yes default enabled disabled main master test tests
  testing prod production staging development local localhost debug info warn warning error trace
  admin root user users guest public private password secret token value name string number data
  postgres mysql redis http https node latest build deploy release server
  127.0.0.1 0.0.0.0`.split(/\s+/),
)
const minMaskedLength = 4

/**
 * True for a value that is not masked in logs: shorter than four characters, a number of at most
 * five digits, or a common word.
 */
export function isPlainSecret(value: string): boolean {
  const text = value.trim()
  return (
    text.length < minMaskedLength || /^\d{1,5}$/.test(text) || commonWords.has(text.toLowerCase())
  )
}

/** The warning for secrets whose values are not masked. */
export function plainSecretWarning(names: string[]): string {
  const values = names.length === 1 ? 'its value is' : 'their values are'
  return `${names.join(', ')}: not masked in logs, because ${values} too short or too common.`
}
