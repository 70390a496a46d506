/**
 * Marks a stored secret whose value is kept elsewhere: what follows is where,
 * `vault:secret/data/shop#password`. Nothing sealed holds a colon.
 */
const elsewhere = 'from:'

/** Where the value of a stored secret is kept; null when it is sealed here. */
export const referenceOf = (stored: string): string | null =>
  stored.startsWith(elsewhere) ? stored.slice(elsewhere.length) : null

/** A configuration version as it is stored: secrets sealed, or where they are kept. */
export interface StoredConfiguration {
  version: number
  variables: Record<string, string>
  secrets: Record<string, string>
}

/** What to set; null unsets. Secret values are plain here and sealed by the caller's `seal`. */
export interface ConfigurationChange {
  variables: Record<string, string | null>
  secrets: Record<string, string | null>
  /** secrets whose values are kept elsewhere, by where */
  references?: Record<string, string>
}

/**
 * What the file asks and what the configuration overrides; pure, so that what a service will get
 * can be shown beforehand.
 */
export function effectiveEnvironment(
  fromFile: Record<string, string>,
  variables: Record<string, string>,
  secrets: Record<string, string>,
): Record<string, string> {
  return { ...fromFile, ...variables, ...secrets }
}

/**
 * The next version, and the names that differ; null when nothing does. A name is a variable or a
 * secret, never both.
 */
export function applyChange(
  now: StoredConfiguration,
  change: ConfigurationChange,
  seal: (name: string, value: string) => string,
  open: (name: string, sealed: string) => string,
): { next: StoredConfiguration; changed: string[] } | null {
  const variables = { ...now.variables }
  const secrets = { ...now.secrets }
  const changed = new Set<string>()
  for (const [name, value] of Object.entries(change.variables)) {
    if (value === null) {
      if (name in variables) changed.add(name)
      delete variables[name]
      continue
    }
    if (variables[name] !== value || name in secrets) changed.add(name)
    variables[name] = value
    delete secrets[name]
  }
  for (const [name, value] of Object.entries(change.secrets)) {
    if (value === null) {
      if (name in secrets) changed.add(name)
      delete secrets[name]
      continue
    }
    const before = secrets[name]
    const same =
      before !== undefined && referenceOf(before) === null && open(name, before) === value
    if (same) continue
    changed.add(name)
    secrets[name] = seal(name, value)
    delete variables[name]
  }
  for (const [name, reference] of Object.entries(change.references ?? {})) {
    const stored = `${elsewhere}${reference}`
    if (secrets[name] === stored) continue
    changed.add(name)
    secrets[name] = stored
    delete variables[name]
  }
  if (changed.size === 0) return null
  return { next: { version: now.version + 1, variables, secrets }, changed: [...changed].sort() }
}
