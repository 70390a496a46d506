import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startHost, type TestHost } from '../../../test/support/host.ts'
import { requiresIsolation } from '../../../test/support/isolation.ts'
import { pathOf, requires, requiresRoot, skipWhen } from '../../../test/support/programs.ts'
import {
  javaStack,
  nginxStack,
  postgresStack,
  type Stack,
  startSubject,
} from '../../../test/support/rehearsal.ts'

let host: TestHost

beforeAll(async () => {
  host = await startHost()
})
afterAll(() => host.close())

/** PostgreSQL that has its port from its file. */
const ownPortStack: Stack = {
  service: {
    ...postgresStack.service,
    run: [
      'export PATH=$PATH:$(echo /usr/lib/postgresql/*/bin) PGDATA=$FAIRLEAD_DATA_DIR/pg',
      'if [ ! -d $PGDATA ]; then initdb -A trust -U postgres --no-sync >/dev/null',
      'echo "port = $PORT" >>$PGDATA/postgresql.conf; fi',
      "exec postgres -D $FAIRLEAD_DATA_DIR/pg -c unix_socket_directories=''",
    ].join('\n'),
  },
}

describe('a rehearsal before the restart', requiresIsolation, () => {
  test('finds another port in the file of PostgreSQL', requires('postgresql'), async () => {
    const subject = await startSubject(host, ownPortStack)
    expect(await subject.rehearse()).toMatchObject({ state: 'returns', software: 'postgresql' })
    subject.edit('pg/postgresql.conf', `port = ${subject.port}`, 'port = 18999')
    const report = await subject.rehearse()
    expect(report.state).toBe('fails')
    expect(report.reason).toContain('it listens on port 18999 instead of $PORT')
    expect(report.place?.text).toBe('port 18999')
    await subject.remove()
  })

  test('finds a certificate of nginx that is gone', requires('nginx'), async () => {
    const subject = await startSubject(host, nginxStack)
    subject.edit(
      'nginx.conf',
      'listen 127.0.0.1:PORT;',
      'listen 127.0.0.1:PORT ssl; ssl_certificate /etc/gone.pem; ssl_certificate_key /etc/gone;',
    )
    const report = await subject.rehearse()
    expect(report.state).toBe('fails')
    expect(report.reason).toContain('cannot load certificate "/etc/gone.pem"')
    await subject.remove()
  })

  const java = skipWhen(pathOf('java') === null, 'java is missing: install a JDK')
  test('finds that Java would need more memory than the machine has', java, async () => {
    const subject = await startSubject(host, javaStack)
    expect(await subject.rehearse()).toMatchObject({ state: 'returns' })
    subject.write('jvm.options', '-Xms900g -Xmx900g')
    const report = await subject.rehearse()
    expect(report.state).toBe('fails')
    expect(report.reason).toMatch(/web exited with 1: .*(memory|heap)/i)
    await subject.remove()
  })
})

describe(
  'a rehearsal of a service whose disk is full',
  { ...requiresIsolation, ...requiresRoot },
  () => {
    let data: string
    beforeAll(() => {
      data = join(host.home.host, 'data')
      mkdirSync(data, { recursive: true })
      execFileSync('sh', ['-c', 'mount -t tmpfs -o size=300m,mode=711 fairlead-test "$0"', data])
    })
    afterAll(() => {
      execFileSync('sh', ['-c', 'umount --lazy "$0"', data])
    })

    test('PostgreSQL would not come back', requires('postgresql'), async () => {
      const subject = await startSubject(host, postgresStack)
      expect(await subject.rehearse()).toMatchObject({ state: 'returns' })
      const fill = join(subject.data, 'fill')
      execFileSync('sh', ['-c', 'head -c 1G /dev/zero >"$0" 2>/dev/null || true', fill])
      const report = await subject.rehearse()
      expect(report).toMatchObject({
        ...{ state: 'fails', reason: 'the disk of its data has only 0 MB free' },
      })
      execFileSync('rm', [fill])
      expect(await subject.rehearse()).toMatchObject({ state: 'returns' })
      await subject.remove()
    })
  },
)
