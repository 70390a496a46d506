import { FairleadError } from '#contract/errors.ts'

/** The host of the server's machine, in positions that are stored for each host. */
export const localHost = 'local'

/** A host that is asked, by its name. */
export interface NamedHost<T> {
  name: string
  host: T
}

/** The local host and those on other machines. */
export interface EveryHost<T> {
  local: T
  /** also those that are not connected */
  remotes(): NamedHost<T>[]
}

/** Does something with every host; one on another machine that is away gets it from a later run. */
export async function withEveryHost<T>(
  { local, remotes }: EveryHost<T>,
  work: (one: NamedHost<T>) => Promise<void>,
): Promise<void> {
  const away = remotes().map((one) => work(one).catch(ignoreAway))
  await Promise.all([work({ name: localHost, host: local }), ...away])
}

/** Tells every host something; returns whether all of them have it. */
export async function tellEveryHost<T>(
  { local, remotes }: EveryHost<T>,
  tell: (host: T) => Promise<void>,
): Promise<boolean> {
  const all = [local, ...remotes().map(({ host }) => host)]
  const told = await Promise.all(
    all.map((host) =>
      tell(host).then(
        () => true,
        (error: unknown) => {
          ignoreAway(error)
          return false
        },
      ),
    ),
  )
  return !told.includes(false)
}

function ignoreAway(error: unknown): void {
  if (!(error instanceof FairleadError) || error.code !== 'unavailable') throw error
}
