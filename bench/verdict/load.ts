import { canaryFile } from '#contract/pipeline-file/canary-file.ts'
import { settingsOf, shareAt } from '#domains/verdict/canary.ts'
import { createJudge } from '#domains/verdict/statistics/judge.ts'
import { generator } from '../../test/support/generator.ts'
import { type Arm, firstSeed, latencyOf, makeSecond, type Serve } from './streams.ts'

const file = canaryFile.parse({ steps: [5, 20] })
const perSecond = 100
/** How busy an instance is that has all of the requests, from 0 to 1. */
const busy = 0.6

type End = 'harmful' | 'healthy' | 'undecided'

/** Latencies of instances that are slower the busier they are, as one waiting line is. */
function serve(share: number, slower: number, isFresh: boolean): Serve {
  const load: Record<Arm, number> = {
    baseline: busy * (isFresh ? share : 1 - share),
    canary: busy * share * slower,
  }
  return (random, arm) => ({
    outcome: '2xx',
    ms: (latencyOf(random) * (arm === 'canary' ? slower : 1)) / (1 - load[arm]),
  })
}

function judged(seed: number, slower: number, isFresh: boolean): End {
  const random = generator((firstSeed + seed - 1) * 7919)
  const judge = createJudge(settingsOf(file))
  for (let second = 0; second * 1000 < file.most; second += 1) {
    const share = shareAt(second * 1000, file, perSecond)
    const [part, load] = isFresh ? [0.5, perSecond * 2 * share] : [share, perSecond]
    if (judge.observe(makeSecond(random, part, second, load, serve(share, slower, isFresh)))) break
    const mayEnd = second * 1000 >= file.least && second % 5 === 0
    if (mayEnd && judge.judge().verdict === 'healthy') break
  }
  return judge.judge({ isOver: true }).verdict
}

/** What a fresh baseline is for: slower canaries whose instances have less load. */
export function printLoad(runs: number): void {
  console.log(
    `latency that depends on load, steps of 5 and 20 %, ${perSecond} requests a second, an ` +
      `instance with all of them is busy for ${busy * 100} % of the time, ${runs} canaries each`,
  )
  for (const slower of [1, 1.3, 1.6])
    for (const isFresh of [false, true]) {
      const ends = Array.from({ length: runs }, (_, i) => judged(i + 1, slower, isFresh))
      const part = (end: End): string =>
        `${((100 * ends.filter((one) => one === end).length) / runs).toFixed(0)} % ${end}`
      console.log(
        `  ×${slower}, ${isFresh ? 'a fresh baseline' : 'the running one'}`.padEnd(30) +
          (['healthy', 'undecided', 'harmful'] as const).map(part).join(', '),
      )
    }
}
