import type { Database } from '#platform/postgres/postgres.ts'
import { sql, type Statement } from '#platform/postgres/sql.ts'
import type { Guess } from './automatic.ts'

/** What Fairlead did by itself in an environment, newest first; at most 100. */
export const listGuesses = (db: Database, app: string, environment: string): Promise<Guess[]> =>
  db.query<Guess>(sql`select guess, incident, occurrence, problem is null as "isDone",
      (extract(epoch from time) * 1000)::float8 as time
    from incident_guess where app = ${app} and environment = ${environment}
    order by id desc limit 100`)

interface NewGuess {
  incident: number
  /** of the incident */
  occurrence: number
  app: string
  environment: string
  guess: string
  /** why it was not done; null if it was */
  problem: string | null
  /** milliseconds */
  now: number
}

/** Fails when another server has acted on the same guess. */
export const insertGuess = (one: NewGuess): Statement =>
  sql`insert into incident_guess (incident, occurrence, app, environment, guess, problem, time)
    values (${one.incident}, ${one.occurrence}, ${one.app}, ${one.environment}, ${one.guess},
      ${one.problem}::text, ${new Date(one.now).toISOString()}::timestamptz)`
