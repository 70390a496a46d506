import { createSocket } from 'node:dgram'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { askOffset, ntpServers, offsetOf } from './clock.ts'

const epoch = 2_208_988_800

/** An answer to a request, of a server whose clock shows `time` (milliseconds since 1970). */
function answer(key: Buffer, time: number, first = 0x24, stratum = 2): Buffer {
  const packet = Buffer.alloc(48)
  packet.set([first, stratum])
  packet.set(key, 24)
  for (const at of [32, 40]) {
    packet.writeUInt32BE(Math.floor(time / 1000) + epoch, at)
    packet.writeUInt32BE(Math.floor(((time % 1000) / 1000) * 2 ** 32), at + 4)
  }
  return packet
}

/** Its clock is three seconds behind. */
const server = createSocket('udp4', (request, from) => {
  server.send(answer(request.subarray(40, 48), Date.now() - 3000), from.port, from.address)
})
beforeAll(() => new Promise<void>((resolve) => server.bind(0, '127.0.0.1', resolve)))
afterAll(() => void server.close())

test('asks a server, and says how far the clock of the machine is ahead', async () => {
  const offset = await askOffset(`127.0.0.1:${server.address().port}`, Date.now)
  expect(offset).toBeGreaterThan(2900)
  expect(offset).toBeLessThan(3100)
})

test.each(['2001:db8::1', 'localhost:99999', 'localhost:x'])(
  'a server that cannot be asked, such as %s, says nothing',
  async (name) => {
    expect(await askOffset(name, Date.now)).toBeNull()
  },
)

test('half of the way is taken off', () => {
  const key = Buffer.alloc(8, 7)
  const times = { key, sent: 1_000_000, received: 1_000_400 }
  expect(offsetOf(answer(key, 1_000_200), times)).toBeCloseTo(0, 3)
  expect(offsetOf(answer(key, 995_200), times)).toBeCloseTo(5000, 3)
})

test('what is no answer to this request is ignored', () => {
  const key = Buffer.alloc(8, 7)
  const times = { key, sent: 0, received: 0 }
  expect(offsetOf(answer(Buffer.alloc(8, 8), 0), times)).toBeNull()
  expect(offsetOf(answer(key, 0, 0x23), times)).toBeNull()
  expect(offsetOf(answer(key, 0, 0xe4), times)).toBeNull()
  expect(offsetOf(answer(key, 0, 0x24, 0), times)).toBeNull()
  expect(offsetOf(answer(key, 0).subarray(0, 40), times)).toBeNull()
})

test('finds the servers of chrony, ntpd and systemd-timesyncd', () => {
  expect(ntpServers('# server a\npool b.example iburst\nserver c\n')).toEqual(['b.example', 'c'])
  expect(ntpServers('[Time]\n#NTP=\n#FallbackNTP=a.example b.example\n')).toEqual([
    'a.example',
    'b.example',
  ])
})
