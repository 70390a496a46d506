/**
 * Marks a stored secret whose value is in an external source. The reference follows, such as
 * `vault:secret/data/shop#password`. A sealed value never contains a colon.
 */
const referencePrefix = 'from:'

/** The reference of a stored secret; null when its value is stored here, sealed. */
export const referenceOf = (stored: string): string | null =>
  stored.startsWith(referencePrefix) ? stored.slice(referencePrefix.length) : null

/** A version of a configuration as it is stored: each secret is sealed or a reference. */
export interface StoredConfiguration {
  version: number
  variables: Record<string, string>
  secrets: Record<string, string>
}

/** The values to set; null removes one. The values of secrets are plain text. */
export interface ConfigurationChange {
  variables: Record<string, string | null>
  secrets: Record<string, string | null>
  /** references for secrets whose values are in an external source */
  references?: Record<string, string>
}

/**
 * The names that a change sets or removes, also those that had the value before. A name to remove
 * that still has a value, as a secret or a variable, does not count.
 */
export function namesOf(
  { variables, secrets, references = {} }: ConfigurationChange,
  next: Pick<StoredConfiguration, 'variables' | 'secrets'>,
): string[] {
  const set = { ...next.variables, ...next.secrets }
  const asked = [variables, secrets, references].flatMap((part) => Object.entries(part))
  const names = asked.flatMap(([name, value]) =>
    value !== null || !Object.hasOwn(set, name) ? [name] : [],
  )
  return [...new Set(names)].sort()
}

/** The environment of a service: the values of fairlead.yaml, overridden by the configuration. */
export function effectiveEnvironment(
  fromFile: Record<string, string>,
  variables: Record<string, string>,
  secrets: Record<string, string>,
): Record<string, string> {
  return { ...fromFile, ...variables, ...secrets }
}

/**
 * Returns the next version with the names that changed, or null when nothing did. A name is either
 * a variable or a secret.
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
    const stored = `${referencePrefix}${reference}`
    if (secrets[name] === stored) continue
    changed.add(name)
    secrets[name] = stored
    delete variables[name]
  }
  if (changed.size === 0) return null
  return { next: { version: now.version + 1, variables, secrets }, changed: [...changed].sort() }
}
