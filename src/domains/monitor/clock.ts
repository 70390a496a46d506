import type { MonitorState } from '#contract/monitor/monitor.ts'

/** Seconds from which a clock is wrong, and below which it is right again. */
const limits = { wrong: 1, right: 0.5 }

/**
 * What the offset of a clock from a reference (seconds; null when it is not known) says, after the
 * last state.
 */
export function judgeClock(
  offset: number | null,
  before: MonitorState | null,
  reference = 'its NTP servers',
): { state: MonitorState; reason: string } {
  if (offset === null) return { state: 'unknown', reason: 'no NTP server of the machine answers' }
  const limit = before === 'degraded' ? limits.right : limits.wrong
  if (Math.abs(offset) < limit) return { state: 'up', reason: '' }
  const where = offset > 0 ? 'ahead of' : 'behind'
  const reason = `it is ${Math.abs(offset).toFixed(1)} s ${where} ${reference}`
  return { state: 'degraded', reason }
}
