import { type ArmCounts, type Look, middleOf, type VerdictView } from '#contract/verdict/verdict.ts'
import { loadOf } from './load.ts'
import type { StoredVerdict } from './store.ts'
import { createJudge } from './statistics/judge.ts'

/** Limit of points in the history. */
const moments = 200

/**
 * Recomputes a canary from its stored observations. The same observations always give the same
 * judgement.
 */
export function replayVerdict(stored: StoredVerdict, looks: Look[], now: number): VerdictView {
  const { places: _places, promotedBy: _promotedBy, isOver: wasOver, ...canary } = stored
  const judge = createJudge(canary.settings)
  const batches = looks.flatMap((look) => look.batches)
  const every = Math.max(1, Math.ceil(looks.length / moments))
  const history: VerdictView['history'] = []
  let last = { at: Date.parse(canary.started), share: canary.steps[0] ?? canary.share }
  const note = (): void => {
    const { errors, evidence } = judge.judge()
    history.push({
      at: new Date(last.at).toISOString(),
      share: last.share,
      requests: { baseline: errors.baseline.requests, canary: errors.canary.requests },
      errors: { baseline: errors.baseline.errors, canary: errors.canary.errors },
      evidence,
      ratio: errors.ratio,
    })
  }
  if (looks.length > 0) note()
  for (const [i, look] of looks.entries()) {
    judge.see(look)
    const batch = look.batches.at(-1)
    last = {
      at: batch?.at ?? look.sample?.at ?? last.at,
      share: batch?.ofAll ?? batch?.share ?? last.share,
    }
    if ((i + 1) % every !== 0 && i + 1 < looks.length) continue
    note()
  }
  const isOver = canary.decided === null ? now - Date.parse(canary.started) >= canary.most : wasOver
  return {
    ...canary,
    judgement: judge.judge({ isOver }),
    history,
    load: loadOf(batches),
    latency: {
      baseline: latencies(batches.map(({ baseline }) => baseline)),
      canary: latencies(batches.map((one) => one.canary)),
    },
    outcomes: {
      baseline: outcomes(batches.map(({ baseline }) => baseline)),
      canary: outcomes(batches.map((one) => one.canary)),
    },
  }
}

function latencies(arms: ArmCounts[]): [number, number][] {
  const sums = new Map<number, number>()
  for (const [bucket, count] of arms.flatMap(({ latency }) => latency))
    sums.set(bucket, (sums.get(bucket) ?? 0) + count)
  return [...sums].toSorted(([a], [b]) => a - b).map(([bucket, count]) => [middleOf(bucket), count])
}

function outcomes(arms: ArmCounts[]): Record<string, number> {
  const sums: Record<string, number> = {}
  for (const arm of arms)
    for (const [outcome, count] of Object.entries(arm.outcomes))
      sums[outcome] = (sums[outcome] ?? 0) + count
  return sums
}
