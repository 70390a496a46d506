import { ReportProblem } from './report.ts'

/** The plans of a TAP report, by the depth of its subtests, and the tests that they count. */
export interface Plans {
  plan(depth: number, tests: number): void
  /** Counts a test, which ends the subtests below it. Its own result says whether they failed. */
  test(depth: number, isFailed: boolean): void
  /** Ends the subtests below a depth. */
  end(depth: number, isFailed: boolean): void
  /** Whether the plan of the whole report is fulfilled so far. */
  isFulfilled(): boolean
  /** Begins the report of another test file. */
  next(): void
  /** Throws a ReportProblem unless every plan was fulfilled, or when there is none. */
  finish(): void
}

export function createPlans(): Plans {
  let levels: { planned: number | null; count: number }[] = []
  let hasPlan = false
  let problem: ReportProblem | null = null
  const levelAt = (depth: number) => (levels[depth] ??= { planned: null, count: 0 })
  const check = (depth: number): void => {
    const { planned, count } = levelAt(depth)
    if (planned === null || planned === count) return
    problem ??= new ReportProblem(
      `plans ${planned} ${depth === 0 ? 'tests' : 'subtests'} but has ${count}: it was interrupted`,
    )
  }
  const end = (depth: number, isFailed: boolean): void => {
    if (!isFailed) for (let at = depth + 1; at < levels.length; at += 1) check(at)
    levels = levels.slice(0, depth + 1)
  }
  const finishFile = (): void => {
    if (levelAt(0).count > 0 || levelAt(0).planned !== null) {
      hasPlan ||= levelAt(0).planned !== null
      if (levelAt(0).planned === null) problem ??= noPlan()
    }
    check(0)
    levels = []
  }
  return {
    plan: (depth, tests) => {
      const level = levelAt(depth)
      level.planned = (level.planned ?? 0) + tests
    },
    test: (depth, isFailed) => {
      end(depth, isFailed)
      levelAt(depth).count += 1
    },
    end,
    isFulfilled: () => levelAt(0).planned === levelAt(0).count,
    next: finishFile,
    finish: () => {
      finishFile()
      if (problem) throw problem
      if (!hasPlan) throw noPlan()
    },
  }
}

const noPlan = (): ReportProblem =>
  new ReportProblem('has no plan (1..n): it was interrupted, or it is not TAP')
