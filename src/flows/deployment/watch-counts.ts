import { batchesOf } from '#domains/verdict/served.ts'
import { listLooks } from '#domains/verdict/store.ts'
import { createWatch, type WatchJudge, type WatchJudgement } from '#domains/verdict/watch.ts'
import {
  getWatch,
  insertWatchLook,
  listWatchLooks,
  type StoredWatch,
} from '#domains/verdict/watch-store.ts'
import type { StepContext } from '#engine/workflow.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { targetOfRelease } from './targets.ts'

/** Milliseconds between two readings: how long harm may go on unnoticed. */
const pollMs = 2000

/** A stored watch with its judge, which has seen everything that is stored. */
export async function replayWatch(
  db: Database,
  deployment: number,
): Promise<{ stored: StoredWatch; judge: WatchJudge; looks: number } | null> {
  const stored = await getWatch(db, deployment)
  if (!stored) return null
  const [canary, looks] = await Promise.all([
    listLooks(db, deployment),
    listWatchLooks(db, deployment),
  ])
  const judge = createWatch({ ...stored, canary })
  for (const look of looks) judge.see(look)
  return { stored, judge, looks: looks.length }
}

/** Judges the requests of a release that has all of the traffic. */
export interface WatchCounts {
  /** Reads and stores what was served since the last call, and judges it. */
  poll(): Promise<WatchJudgement>
}

/** Returns null when nothing is counted for the deployment. */
export async function openWatchCounts(
  deps: Dependencies,
  step: StepContext,
  watched: { deployment: number; app: string; environment: string; release: number },
): Promise<WatchCounts | null> {
  const replayed = await replayWatch(deps.db, watched.deployment)
  const traffic = (await targetOfRelease(deps, watched.release)).share
  if (!replayed || !traffic) return null
  const { judge } = replayed
  let { position } = replayed.stored
  let number = replayed.looks
  let polled = -Infinity
  return {
    poll: async () => {
      const now = deps.clock.monotonic()
      if (now - polled < pollMs) return judge.judge()
      polled = now
      const answer = await traffic.served(watched, position).catch(() => null)
      if (answer === null) return judge.judge()
      const mine = answer.seconds.filter(({ release }) => release === watched.release)
      const look = { batches: batchesOf(mine), sample: null }
      position = answer.position
      // Without requests there is nothing to store, and the next reading begins here again.
      if (look.batches.length === 0) return judge.judge()
      for (const statement of insertWatchLook(watched.deployment, number, position, look))
        step.write(statement)
      await step.flush()
      number += 1
      judge.see(look)
      return judge.judge()
    },
  }
}
