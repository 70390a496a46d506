import { execFile, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect } from 'vitest'
import { freePorts } from './support/ports.ts'
import { type Installation, startInstallation } from './support/installation.ts'
import { waitFor } from './support/wait.ts'
import { requires } from './support/programs.ts'
import { longDescribe, longTest } from './support/scale.ts'

const execute = promisify(execFile)

longDescribe('a server that is named as an Alertmanager', () => {
  let installation: Installation
  let folder: string
  beforeAll(async () => {
    installation = await startInstallation({ env: { FAIRLEAD_MONITORS_SECONDS: '0.3' } })
    await installation.client.createApp({ body: { name: 'shop' } })
    folder = mkdtempSync(join(tmpdir(), 'fairlead-alertmanager-'))
  })
  afterAll(async () => {
    await installation.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  const stateOf = async (title: string) =>
    (await installation.client.listAlerts()).alerts.find((one) => one.title === title)?.state

  longTest(
    'opens the alert of a Prometheus, and resolves it when the Prometheus is gone',
    requires('prometheus'),
    async () => {
      const port = await freePorts()
      const { host } = new URL(installation.url)
      const alert =
        '{alert: Down, expr: vector(1), labels: {app: shop, severity: critical}, ' +
        'annotations: {summary: The shop is down}}'
      writeFileSync(join(folder, 'rules.yml'), `groups: [{name: shop, rules: [${alert}]}]\n`)
      writeFileSync(join(folder, 'token'), installation.token)
      writeFileSync(
        join(folder, 'prometheus.yml'),
        `global: {evaluation_interval: 1s}
rule_files: [${folder}/rules.yml]
alerting:
  alertmanagers:
    - authorization: {credentials_file: ${folder}/token}
      static_configs: [{targets: ['${host}']}]
`,
      )
      const prometheus = spawn(
        'prometheus',
        [
          `--config.file=${folder}/prometheus.yml`,
          `--storage.tsdb.path=${folder}/data`,
          `--web.listen-address=127.0.0.1:${port}`,
          '--rules.alert.resend-delay=1s',
        ],
        { stdio: 'ignore' },
      )
      try {
        await waitFor('the alert opens', async () => (await stateOf('The shop is down')) === 'open')
      } finally {
        prometheus.kill('SIGKILL')
      }
      // Four times the longer of the interval and the delay.
      await waitFor(
        'the alert ends',
        async () => (await stateOf('The shop is down')) === 'resolved',
      )
    },
  )

  longTest(
    'opens and ends what an Alertmanager sends to PagerDuty',
    requires('alertmanager'),
    async () => {
      const port = await freePorts()
      writeFileSync(
        join(folder, 'alertmanager.yml'),
        `route: {receiver: fairlead, group_by: [alertname], group_wait: 0s, group_interval: 1s}
receivers:
  - name: fairlead
    pagerduty_configs:
      - url: ${installation.url}/v2/enqueue
        routing_key: ${installation.token}
        description: '{{ .CommonAnnotations.summary }}'
        details: {app: '{{ .CommonLabels.app }}'}
`,
      )
      const alertmanager = spawn(
        'prometheus-alertmanager',
        [
          `--config.file=${folder}/alertmanager.yml`,
          `--storage.path=${folder}/alertmanager`,
          `--web.listen-address=127.0.0.1:${port}`,
          '--cluster.listen-address=',
        ],
        { stdio: 'ignore' },
      )
      const post = async (seconds: number): Promise<boolean> => {
        const endsAt = new Date(Date.now() + seconds * 1000).toISOString()
        const alert = {
          ...{ labels: { alertname: 'Queue', app: 'shop' }, endsAt },
          annotations: { summary: 'The queue is full' },
        }
        const address = `http://127.0.0.1:${port}/api/v2/alerts`
        const body = JSON.stringify([alert])
        const headers = { 'content-type': 'application/json' }
        return fetch(address, { method: 'POST', headers, body }).then(
          ({ ok }) => ok,
          () => false,
        )
      }
      try {
        await waitFor('the Alertmanager accepts an alert', () => post(60))
        await waitFor(
          'the alert opens',
          async () => (await stateOf('The queue is full')) === 'open',
        )
        await post(-1)
        await waitFor(
          'the alert ends',
          async () => (await stateOf('The queue is full')) === 'resolved',
        )
      } finally {
        alertmanager.kill('SIGKILL')
      }
    },
  )

  longTest('answers amtool', requires('amtool'), async () => {
    writeFileSync(join(folder, 'http.yml'), `authorization: {credentials: ${installation.token}}\n`)
    const amtool = async (...command: string[]): Promise<string> => {
      const { stdout } = await execute('amtool', [
        `--alertmanager.url=${installation.url}`,
        `--http.config.file=${folder}/http.yml`,
        ...command,
      ])
      return stdout
    }
    await amtool(
      'alert',
      'add',
      'Full',
      'app=shop',
      'disk=a',
      '--annotation=summary=Disk a is full',
    )
    await waitFor('the alert opens', async () => (await stateOf('Disk a is full')) === 'open')
    expect(await amtool('alert', 'query', 'disk=a')).toContain('Full')
    const id = (
      await amtool('silence', 'add', 'app=shop', 'disk=~a|b', '--comment=test', '--duration=1h')
    ).trim()
    expect(await amtool('silence', 'query')).toContain(id)
    expect(await amtool('alert', 'query', 'disk=a')).not.toContain('Full')
    await amtool('silence', 'update', '--duration=2h', id)
    await amtool(
      'silence',
      'expire',
      ...(await amtool('silence', 'query', '-q')).trim().split('\n'),
    )
    expect(await amtool('silence', 'query', '-q')).toBe('')
    expect(await amtool('config', 'show')).toContain('fairlead')
    expect(await amtool('cluster', 'show')).toContain('disabled')
  })
})
