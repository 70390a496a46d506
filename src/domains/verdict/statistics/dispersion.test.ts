import { expect, test } from 'vitest'
import { generator } from '../../../../test/support/generator.ts'
import { Dispersion } from './dispersion.ts'

/** The factor for clusters of events; each second has a cluster of either release, or none. */
function factorOf(size: number, seconds: number, random: () => number): number {
  const dispersion = new Dispersion()
  for (let second = 0; second < seconds; second += 1) {
    const side = random() < 0.5 ? 1 : -1
    // One event of an equal share has an excess of one half and a variance of one quarter.
    dispersion.add(second, (side * size) / 2, size / 4)
  }
  return dispersion.factor(0.25)
}

test('is 1 without events, and before two seconds can be compared', () => {
  const dispersion = new Dispersion()
  expect(dispersion.factor()).toBe(1)
  dispersion.add(0, 5, 1)
  dispersion.add(1, -5, 1)
  expect(dispersion.factor()).toBe(1)
})

test('is about 1 for independent events, and grows with the size of clusters', () => {
  const of = (size: number): number => factorOf(size, 400, generator(7))
  expect(of(1)).toBeLessThan(1.3)
  expect(of(5)).toBeGreaterThan(4)
  expect(of(5)).toBeLessThan(7)
  expect(of(20)).toBeGreaterThan(of(5))
})

test('is not raised by harm that begins once and stays', () => {
  const dispersion = new Dispersion()
  for (let second = 0; second < 60; second += 1) dispersion.add(second, second < 30 ? 0 : 20, 10)
  expect(dispersion.factor()).toBe(1)
})

test('counts several events of one second together', () => {
  const [whole, split] = [new Dispersion(), new Dispersion()]
  const random = generator(9)
  for (let second = 0; second < 50; second += 1) {
    const excess = random() < 0.5 ? 6 : -6
    whole.add(second, excess, 3)
    for (let i = 0; i < 3; i += 1) split.add(second, excess / 3, 1)
  }
  expect(split.factor()).toBeCloseTo(whole.factor(), 10)
  expect(whole.factor()).toBeGreaterThan(1)
})
