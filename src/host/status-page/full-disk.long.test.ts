import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { StatusPages } from '#contract/status-page/pages.ts'
import { createStatusPage } from './server.ts'

const pageOf = (name: string): StatusPages => ({
  ...{ title: '', others: [] },
  components: [
    {
      ...{ app: 'shop', environment: 'production', component: '', name, group: '' },
      ...{ state: 'operational', since: '2026-11-29T14:02:00.000Z', detail: '', uptime: 1 },
      days: [],
    },
  ],
  ...{ changes: [], incidents: [], maintenances: [], subscribe: true, subscribeUrl: false },
})

test.skipIf(process.getuid?.() !== 0)(
  'a full disk stops neither the page nor its news',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'fairlead-full-'))
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder])
    const logged: string[] = []
    const server = createStatusPage({
      ...{ folder, url: null, now: Date.now, steady: () => performance.now() },
      log: (message) => logged.push(message),
    })
    const { port, stop } = await server.start({ isLocal: false })
    const read = async () => (await fetch(`http://127.0.0.1:${port}/`)).text()
    const saved = () => readFileSync(join(folder, 'page.json'), 'utf8')
    try {
      server.set(pageOf('Before'))
      expect(() => writeFileSync(join(folder, 'rest'), Buffer.alloc(100_000))).toThrow('ENOSPC')
      server.set(pageOf('While it is full'))
      expect(await read()).toContain('While it is full')
      expect(logged).toEqual(['the status page cannot be saved'])
      // The next process has the last page that could be saved, as a whole.
      expect(saved()).toContain('Before')
      const body = 'email=ada%40example.com'
      const asked = await fetch(`http://127.0.0.1:${port}/subscribe`, { method: 'POST', body })
      expect(asked.status).toBe(503)
      rmSync(join(folder, 'rest'))
      server.set(pageOf('After'))
      expect(saved()).toContain('After')
    } finally {
      stop()
      execFileSync('umount', ['-l', folder])
      rmSync(folder, { recursive: true })
    }
  },
)
