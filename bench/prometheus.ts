import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePorts } from '../test/support/ports.ts'
import { waitFor } from '../test/support/wait.ts'

/** How fast a Prometheus and its Alertmanager are. */
export interface Setup {
  name: string
  /** of scrapes and of the evaluation of rules */
  interval: string
  groupWait: string
}

export const setups: Setup[] = [
  { name: 'defaults', interval: '1m', groupWait: '30s' },
  { name: 'shortest', interval: '5s', groupWait: '0s' },
]

/** An address that is scraped, with the label `app`; null for one that has the label itself. */
export interface Target {
  job: 'counts' | 'probe'
  app: string | null
  address: string
}

/** The windows of a rule should have four scrapes. */
const windows: Record<string, string> = { '1m': '4m', '5s': '20s' }

const share = (window: string): string =>
  `(sum by (app) (increase(errors_total[${window}])) / ` +
  `sum by (app) (increase(requests_total[${window}])))`

/** A ratio, the fastest burn rate of the SRE workbook for 99.9 %, and a rule that waits. */
const rulesOf = (interval: string): object[] => [
  { alert: 'ratio', expr: `${share(windows[interval] ?? '4m')} > 0.01` },
  { alert: 'ratio', expr: 'up{job="probe"} == 0' },
  { alert: 'burn', expr: `${share('1h')} > 14.4 * 0.001 and ${share('5m')} > 14.4 * 0.001` },
  { alert: 'for 5m', expr: `${share(windows[interval] ?? '4m')} > 0.01`, for: '5m' },
  { alert: 'for 5m', expr: 'up{job="probe"} == 0', for: '5m' },
]

/** Starts a Prometheus and an Alertmanager that send to `webhook`. JSON is valid YAML. */
export async function startPrometheus(
  { interval, groupWait }: Setup,
  { targets, history, webhook }: { targets: Target[]; history: string; webhook: string },
): Promise<{ stop(): void }> {
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-bench-'))
  const [port, alerts] = [await freePorts(), await freePorts()]
  const write = (name: string, value: unknown): string => {
    const path = join(folder, name)
    writeFileSync(path, typeof value === 'string' ? value : JSON.stringify(value))
    return path
  }
  const jobs = ['counts', 'probe'].map((job) => ({
    job_name: job,
    static_configs: targets
      .filter((one) => one.job === job)
      .map(({ app, address }) => ({ targets: [address], labels: app === null ? {} : { app } })),
  }))
  const rules = write('rules.yml', {
    groups: [{ name: 'alerts', rules: rulesOf(interval) }],
  })
  const configuration = write('prometheus.yml', {
    global: { scrape_interval: interval, scrape_timeout: '5s', evaluation_interval: interval },
    rule_files: [rules],
    alerting: { alertmanagers: [{ static_configs: [{ targets: [`127.0.0.1:${alerts}`] }] }] },
    scrape_configs: jobs,
  })
  const routing = write('alertmanager.yml', {
    route: { receiver: 'bench', group_by: ['alertname', 'app'], group_wait: groupWait },
    receivers: [{ name: 'bench', webhook_configs: [{ url: webhook }] }],
  })
  const data = join(folder, 'data')
  mkdirSync(data)
  const past = write('history.om', history)
  execFileSync('promtool', ['tsdb', 'create-blocks-from', 'openmetrics', past, data])
  const processes = [
    spawn(
      'prometheus-alertmanager',
      [
        `--config.file=${routing}`,
        `--storage.path=${join(folder, 'alertmanager')}`,
        `--web.listen-address=127.0.0.1:${alerts}`,
        '--cluster.listen-address=',
      ],
      { stdio: 'ignore' },
    ),
    spawn(
      'prometheus',
      [
        `--config.file=${configuration}`,
        `--storage.tsdb.path=${data}`,
        `--web.listen-address=127.0.0.1:${port}`,
      ],
      { stdio: 'ignore' },
    ),
  ]
  for (const one of [port, alerts])
    await waitFor(`port ${one} answers`, () =>
      fetch(`http://127.0.0.1:${one}/-/ready`).then(
        ({ ok }) => ok,
        () => false,
      ),
    )
  return {
    stop: () => {
      for (const one of processes) one.kill('SIGKILL')
      rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
    },
  }
}
