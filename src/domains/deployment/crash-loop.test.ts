import { expect, test } from 'vitest'
import { type CrashLoop, judgeCrashLoops, type LiveRelease } from './crash-loop.ts'

const place = { app: 'shop', environment: 'production', deployment: 7 }
const instance = {
  ...{ service: 'worker', state: 'healthy' as const, isLooping: false },
  ...{ restarts: 0, reason: null },
}
const looping = {
  ...{ ...instance, state: 'backoff' as const, isLooping: true },
  ...{ restarts: 5, reason: 'worker exited with 1' },
}
const live = (...instances: NonNullable<LiveRelease['instances']>): LiveRelease[] => [
  { ...place, instances },
]
const loop: CrashLoop = { ...place, id: 1, service: 'worker' }
const nothing = { detected: [], resolved: [] }

test('a loop is detected once for each service, with its reason', () => {
  const found = { ...place, service: 'worker', reason: 'worker exited with 1' }
  const web = { ...instance, service: 'web' }
  expect(judgeCrashLoops([], live(web, looping, looping)).detected).toEqual([found])
  expect(judgeCrashLoops([loop], live(web, looping))).toEqual(nothing)
  expect(judgeCrashLoops([], live(web, instance))).toEqual(nothing)
})

test('a loop is resolved when every instance of the service stays up', () => {
  const resolved = [{ ...loop, reason: 'it stays up again' }]
  expect(judgeCrashLoops([loop], live(instance, instance))).toEqual({ detected: [], resolved })
  expect(judgeCrashLoops([loop], live(instance, looping))).toEqual(nothing)
  const started = { ...instance, isLooping: true }
  expect(judgeCrashLoops([loop], live(started))).toEqual(nothing)
})

test('another release resolves the loop of the former one, and may have its own', () => {
  const [next] = live(looping)
  const { detected, resolved } = judgeCrashLoops([loop], [{ ...next!, deployment: 8 }])
  expect(resolved.map(({ reason }) => reason)).toEqual(['deployment 8 is live there now'])
  expect(detected).toMatchObject([{ deployment: 8, service: 'worker' }])
  expect(judgeCrashLoops([loop], []).resolved).toMatchObject([
    { reason: 'nothing is live there any more' },
  ])
})

test('a target that does not answer changes nothing', () => {
  expect(judgeCrashLoops([loop], [{ ...place, instances: null }])).toEqual(nothing)
  expect(judgeCrashLoops([], [{ ...place, instances: null }])).toEqual(nothing)
})
