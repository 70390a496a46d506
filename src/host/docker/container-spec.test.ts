import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { HostRelease } from '#contract/host/release.ts'
import { webService } from '../../../test/support/host.ts'
import { containerSpec, secretFiles, userNumber, variablesFile } from './container-spec.ts'

const container = {
  ...{ image: 'base', port: 80, readOnly: false, capabilities: ['CHOWN'], networks: [] },
}
const release: HostRelease = {
  ...{ app: 'shop', environment: 'production', release: 7, fence: { deployment: 3, epoch: 2 } },
  ...{ artifact: 'sha256:1', layout: '/layout', services: [], env: { COLOUR: 'red' } },
  route: { port: null, host: 'shop.production.localhost' },
}
const place = {
  ...{ installation: 'one', marker: 'one/1', release, container, image: 'sha256:2', index: 0 },
  ...{ folder: '/f', dataFolder: '/d', configFolder: '/c', tmpFolder: '/t', secretsFolder: '/s' },
}

test('an image keeps its command, and a command runs with sh in the artifact', () => {
  const { run: _run, ...image } = webService()
  expect(containerSpec({ ...place, service: image })).not.toHaveProperty('Entrypoint')
  const service = webService({ directory: 'api' })
  expect(containerSpec({ ...place, service })).toMatchObject({
    Entrypoint: ['/bin/sh', '-c', '. /run/secrets/.variables\nexec node server.js'],
    WorkingDir: '/app/api',
    Labels: { 'dev.fairlead.release': '7', 'dev.fairlead.fence': '3/2' },
    HostConfig: { CapDrop: ['ALL'], CapAdd: ['CHOWN'], SecurityOpt: ['no-new-privileges'] },
  })
})

test('no secret is in what inspect shows', () => {
  const service = webService({ env: { TOKEN: 'hunter2', SIZE: 'xl' }, secrets: ['TOKEN'] })
  const { Env } = containerSpec({ ...place, service }) as { Env: string[] }
  expect(Env).toEqual(
    expect.arrayContaining(['SIZE=xl', 'COLOUR=red', 'TOKEN_FILE=/run/secrets/TOKEN', 'PORT=80']),
  )
  expect(JSON.stringify(containerSpec({ ...place, service }))).not.toContain('hunter2')
})

test('sh reads every secret as it is', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-variables-'))
  const file = join(folder, 'variables')
  const texts = fc.string({ unit: 'binary' }).filter((text) => !text.includes('\0'))
  fc.assert(
    fc.property(texts, (text) => {
      const files = secretFiles({ ...webService(), env: { TOKEN: text }, secrets: ['TOKEN'] })
      expect(files['TOKEN']).toBe(text)
      writeFileSync(file, files[variablesFile] ?? '')
      const printed = execFileSync('sh', ['-c', `. ${file}; printf %s "$TOKEN"`])
      expect(printed.equals(Buffer.from(text))).toBe(true)
    }),
    { numRuns: 20 },
  )
  rmSync(folder, { recursive: true })
})

test('a user is a number, or a name of the image', () => {
  const passwd = 'root:x:0:0::/:/bin/sh\nweb:x:1234:1235::/:/bin/sh\n'
  expect(
    ['', '0', '12:34', 'web', 'web:staff', 'we'].map((user) => userNumber(user, passwd)),
  ).toEqual([0, 0, 12, 1234, 1234, null])
})
