import { expect, test } from 'vitest'
import { TrafficCount } from './traffic-count.ts'

test('sums outcomes and bytes by service, and counts a request as hanging after 10 s', () => {
  const count = new TrafficCount()
  count.end('web', '2xx', 10)
  count.end('web', '4xx', 5)
  count.end('web', '2xx', 1)
  count.end('admin', 'refused', 0)
  const open = [0, 90_000, 90_001].map((began) => ({ service: 'web', began }))
  expect(count.view([...open, { service: 'api', began: 0 }], 100_000)).toEqual([
    { service: 'admin', outcomes: { refused: 1 }, bytes: 0, open: 0, hanging: 0 },
    { service: 'api', outcomes: {}, bytes: 0, open: 1, hanging: 1 },
    { service: 'web', outcomes: { '2xx': 2, '4xx': 1 }, bytes: 16, open: 3, hanging: 1 },
  ])
})
