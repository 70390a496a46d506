/** Why a change of a configuration is refused: the field of the request, and a sentence. */
export interface ChangeProblem {
  field: string
  problem: string
}

/** The names that a change sets or removes, and where the values of references are kept. */
interface RequestedNames {
  variables: Record<string, unknown>
  secrets: Record<string, unknown>
  references: Record<string, string>
}

/** The first problem of a change, or null. `referenceProblem` checks where a secret is kept. */
export function changeProblem(
  { variables, secrets, references }: RequestedNames,
  referenceProblem: (reference: string) => string | null,
): ChangeProblem | null {
  for (const name of [variables, secrets, references].flatMap((set) => Object.keys(set))) {
    const problem = nameProblem(name)
    if (problem !== null) return { field: `variables.${name}`, problem }
  }
  for (const [name, reference] of Object.entries(references)) {
    const problem = referenceProblem(reference)
    if (problem !== null) return { field: `references.${name}`, problem }
  }
  return null
}

/** Fairlead sets some variables of a service itself. */
function nameProblem(name: string): string | null {
  if (!/^[A-Za-z_][A-Za-z0-9_]{0,127}$/.test(name))
    return 'must be a variable name such as LOG_LEVEL'
  if (name === 'PORT' || name.startsWith('FAIRLEAD_'))
    return 'is set by Fairlead and cannot be changed'
  return null
}
