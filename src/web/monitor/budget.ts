import type { SloDetail } from '#contract/slo/slo.ts'

/** The error budget by hour: times in milliseconds, and the share left at the end of each. */
export interface Budget {
  times: number[]
  left: number[]
}

/** How the error budget of the window was used up, hour by hour. Pure. */
export function budgetOf({ objective, requests, hours }: SloDetail): Budget {
  const allowed = requests * (1 - objective)
  let bad = 0
  return {
    times: hours.map(({ time }) => Date.parse(time)),
    left: hours.map((hour) => {
      bad += hour.bad
      return 1 - bad / allowed
    }),
  }
}
