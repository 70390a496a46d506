/**
 * What stands in any log by itself: to hide it would hide the log, and tell the secret by what is
 * missing.
 */
const plain = new Set(
  `true false null none undefined yes default enabled disabled main master test tests testing prod production staging
  development local localhost debug info warn warning error trace admin root user users guest public private password secret
  token value name string number data postgres mysql redis http https node latest build deploy release server 127.0.0.1 0.0.0.0`.split(
    /\s+/,
  ),
)
const shortest = 4

/**
 * A value that is not hidden in logs: shorter than four characters, a number of at most five
 * digits, or an everyday word.
 */
export function isPlainSecret(value: string): boolean {
  const text = value.trim()
  return text.length < shortest || /^\d{1,5}$/.test(text) || plain.has(text.toLowerCase())
}

/** What people are told of such secrets. */
export const plainSecretWarning = (names: string[]): string =>
  `${names.join(', ')}: ${names.length === 1 ? 'a value that is' : 'values that are'} so short or usual that ${names.length === 1 ? 'it is' : 'they are'} not hidden in logs.`
