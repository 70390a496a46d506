import type { AlertFigures } from '#contract/alert/figures.ts'

/** An alert, and what became of it. */
export interface AlertOutcome {
  /** the Monday of the week in which it opened, `YYYY-MM-DD` */
  week: string
  /** the team that owns it; null when none does */
  owner: string | null
  /** messages to people that a channel accepted */
  messages: number
  /** how many people said that it is not theirs */
  passed: number
  /** who first acknowledged or resolved it; null for nobody */
  takenBy: string | null
  /** whether something was deployed to its environment while it was open */
  deployed: boolean
}

/** Alerts per week and owner. */
export function figuresOf(outcomes: AlertOutcome[]): AlertFigures {
  const rows = new Map<string, AlertFigures['weeks'][number]>()
  for (const { week, owner, messages, passed, takenBy, deployed } of outcomes) {
    const key = JSON.stringify([week, owner])
    const row = rows.get(key) ?? { week, owner, alerts: 0, acted: 0, passed: 0, messages: 0 }
    rows.set(key, row)
    row.alerts += 1
    row.acted += takenBy !== null || deployed ? 1 : 0
    row.passed += passed > 0 ? 1 : 0
    row.messages += messages
  }
  return {
    weeks: [...rows.values()].toSorted(
      (one, other) =>
        other.week.localeCompare(one.week) ||
        Number(one.owner === null) - Number(other.owner === null) ||
        (one.owner ?? '').localeCompare(other.owner ?? ''),
    ),
  }
}
