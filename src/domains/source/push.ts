/** A person as the git remote authenticated them, or as a forge reports them. */
export interface Person {
  name: string
  /** null when it is not known */
  email: string | null
}

/** A person of a change. `isPusher`: the push ended with exactly this commit. */
export interface ChangePerson extends Person {
  isPusher: boolean
}

/** A ref that somebody pushed. */
export interface Push {
  /** `refs/heads` stands for every branch */
  ref: string
  /** the commit of the ref after the push; null when it is not known or there is none */
  sha: string | null
  /** null when nobody was authenticated */
  person: Person | null
}

/**
 * The people of a commit that is the head of a branch: all who pushed to the branch since it was
 * checked. The author in the commit is not among them, because everybody can write any name there.
 */
export function peopleOf(pushes: readonly Push[], branch: string, head: string): ChangePerson[] {
  const people = pushes.flatMap(({ ref, sha, person }) => {
    const isOfBranch = ref === `refs/heads/${branch}` || ref === 'refs/heads'
    return person === null || !isOfBranch ? [] : [{ ...person, isPusher: sha === head }]
  })
  return [...new Map(people.map((one) => [JSON.stringify(one), one])).values()]
}
