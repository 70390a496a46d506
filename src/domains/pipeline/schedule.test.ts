import { describe, expect, test } from 'vitest'
import { newestDue } from './schedule.ts'

const at = (time: string): Date => new Date(`2026-03-10T${time}Z`)

describe('a schedule', () => {
  test('is not due before its next time', () => {
    expect(newestDue(['0 3 * * *'], at('03:00:00'), at('23:59:59'))).toBeNull()
  })

  test('is due at its time, in UTC', () => {
    expect(newestDue(['0 3 * * *'], at('02:59:59'), at('03:00:00'))).toEqual(at('03:00:00'))
  })

  test('is due once for all times that were missed', () => {
    expect(newestDue(['*/10 * * * *'], at('03:00:00'), at('05:05:00'))).toEqual(at('05:00:00'))
  })

  test('has the newest time of any of its patterns', () => {
    const patterns = ['0 3 * * *', '30 2 * * *']
    expect(newestDue(patterns, at('02:00:00'), at('02:45:00'))).toEqual(at('02:30:00'))
    expect(newestDue(patterns, at('02:00:00'), at('03:45:00'))).toEqual(at('03:00:00'))
  })

  test('without patterns is never due', () => {
    expect(newestDue([], at('02:00:00'), at('23:00:00'))).toBeNull()
  })
})
