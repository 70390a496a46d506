import type { Actor } from '#contract/event/event.ts'

interface Reviewed {
  incident: number
  app: string | null
  environment: string | null
  title: string
}

/** The head of an event of a review. */
export const headOf = ({ incident, app }: Pick<Reviewed, 'incident' | 'app'>, actor?: Actor) => ({
  ...{ subject: `review/${incident}`, chain: app === null ? 'server' : `app/${app}` },
  ...(app === null ? {} : { app }),
  ...(actor === undefined ? {} : { actor }),
})

/** The data that every event of a review has. */
export const factsOf = ({ environment, title }: Pick<Reviewed, 'environment' | 'title'>) => ({
  ...{ environment, title },
})

/** The data that every event of an action has. */
export const actionFacts = (
  reviewed: Pick<Reviewed, 'environment' | 'title'>,
  { id, title, owner }: { id: number; title: string; owner: string },
) => ({ ...factsOf(reviewed), action: id, what: title, owner })
