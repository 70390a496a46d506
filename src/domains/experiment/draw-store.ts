import type { ExperimentDraw } from '#contract/experiment/draw.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql, type Statement } from '#platform/postgres/sql.ts'
import type { ExperimentPlace } from './store.ts'

/** Days for which draws are kept. */
const keptDays = 400

/** A draw with its secret. */
export interface StoredDraw extends ExperimentPlace {
  day: string
  seed: string
  every: number
  hours: { from: number; until: number }[]
  gap: number | null
  at: string | null
  drawn: string | null
  run: number | null
  problem: string | null
}

const columns = sql`app, environment, name, day::text as day, seed, every, hours, gap, at, drawn,
  run, problem`

const isOf = ({ app, environment, name }: ExperimentPlace) =>
  sql`app = ${app} and environment = ${environment} and name = ${name}`

/** Commits to the seed of a day; a day that has one keeps it. */
export const insertDraw = (
  draw: Pick<StoredDraw, 'app' | 'environment' | 'name' | 'day' | 'seed' | 'every' | 'hours'>,
  commitment: string,
): Statement =>
  sql`insert into experiment_draw (app, environment, name, day, seed, commitment, every, hours)
    values (${draw.app}, ${draw.environment}, ${draw.name}, ${draw.day}::text::date, ${draw.seed},
      ${commitment}, ${draw.every}, ${JSON.stringify(draw.hours)}::jsonb)
    on conflict do nothing`

/** The draws of an experiment from a day on. */
export const drawsFrom = (
  db: Database,
  place: ExperimentPlace,
  day: string,
): Promise<StoredDraw[]> =>
  db.query<StoredDraw>(sql`select ${columns} from experiment_draw
    where ${isOf(place)} and day >= ${day}::text::date order by day`)

/** Working days from the last day with a run to this one; null when there was none. */
export async function gapBefore(
  db: Database,
  place: ExperimentPlace,
  day: string,
): Promise<number | null> {
  const [row] = await db.query<{ gap: number | null }>(sql`
    select (select count(*)::int + 1 from experiment_draw where ${isOf(place)}
      and drawn is not null and day > last.day and day < ${day}::text::date) as gap
    from (select day from experiment_draw where ${isOf(place)} and at is not null
      and day < ${day}::text::date order by day desc limit 1) last`)
  return row?.gap ?? null
}

type Day = ExperimentPlace & { day: string }
const isDay = (one: Day) => sql`${isOf(one)} and day = ${one.day}::text::date`

/** Stores the result of a draw, once. */
export const setDrawn = (one: Day, gap: number | null, at: string | null): Statement =>
  sql`update experiment_draw set gap = ${gap}::int, at = ${at}::timestamptz, drawn = now()
    where ${isDay(one)} and drawn is null`

/** Fails, with everything in its batch, when the day has a run. */
export const setDrawRun = (one: Day, run: number): Statement =>
  sql`update experiment_draw set run = ${run} / (case when run is null then 1 else 0 end)
    where ${isDay(one)}`

export const setDrawProblem = (one: Day, problem: string): Statement =>
  sql`update experiment_draw set problem = ${problem} where ${isDay(one)} and run is null`

/** The draws of an app, newest first. Nothing tells when today's run comes before it has come. */
export const listDraws = (
  db: Database,
  filter: {
    app: string
    environment?: string | undefined
    experiment?: string | undefined
    limit: number
  },
): Promise<ExperimentDraw[]> =>
  db.query<ExperimentDraw>(sql`select app, environment, name, day::text as day, every, hours,
      commitment, case when is_over then seed end as seed, drawn is not null as "isDrawn",
      case when is_over then gap end as gap,
      case when is_over or run is not null or problem is not null then at end as at, run, problem
    from (select *, (hours -> -1 ->> 'until')::float8 / 1000 <= extract(epoch from now()) as is_over
      from experiment_draw) d
    where app = ${filter.app}
      and (${filter.environment ?? null}::text is null
        or environment = ${filter.environment ?? null}::text)
      and (${filter.experiment ?? null}::text is null or name = ${filter.experiment ?? null}::text)
    order by day desc, environment, name limit ${filter.limit}`)

export const deleteOldDraws = (): Statement =>
  sql`delete from experiment_draw where day < current_date - ${keptDays}::int`

/** Forgets the draws of an environment that is removed. */
export const deleteDraws = (app: string, environment: string): Statement =>
  sql`delete from experiment_draw where app = ${app} and environment = ${environment}`
