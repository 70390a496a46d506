import type { Difference } from '#contract/configuration/comparison.ts'
import type { StoredConfiguration } from './configuration.ts'

type Values = Pick<StoredConfiguration, 'variables' | 'secrets'>

const has = (values: Record<string, string>, name: string): boolean => Object.hasOwn(values, name)

/**
 * Compares two configurations, in the order of their names. `isSameSecret` compares the values of
 * a secret that both have. The values of secrets are left out; only whether they differ is told.
 */
export function compare(
  before: Values,
  after: Values,
  isSameSecret: (name: string) => boolean,
): Difference[] {
  const names = new Set(
    [before, after].flatMap(({ variables, secrets }) => [
      ...Object.keys(variables),
      ...Object.keys(secrets),
    ]),
  )
  return [...names].sort().map((name) => {
    const [was, is] = [sideOf(before, name), sideOf(after, name)]
    const isSame =
      was.isSecret === is.isSecret && (is.isSecret ? isSameSecret(name) : was.value === is.value)
    return {
      name,
      state: !was.isSet ? 'added' : !is.isSet ? 'removed' : isSame ? 'same' : 'changed',
      isSecret: was.isSecret || is.isSecret,
      before: was.value,
      after: is.value,
    }
  })
}

function sideOf(
  { variables, secrets }: Values,
  name: string,
): { isSet: boolean; isSecret: boolean; value: string | null } {
  const isSecret = has(secrets, name)
  const value = has(variables, name) ? (variables[name] ?? null) : null
  return { isSet: isSecret || value !== null, isSecret, value }
}
