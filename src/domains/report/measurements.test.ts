import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readReport } from './read.ts'
import type { BillOfMaterials, ReportedFinding, ReportedMeasurement } from './report.ts'

async function read(text: string) {
  const folder = await mkdtemp(join(tmpdir(), 'fairlead-report-'))
  const file = join(folder, 'report')
  await writeFile(file, text)
  const found = {
    measured: [] as ReportedMeasurement[],
    problems: [] as ReportedFinding[],
    bills: [] as BillOfMaterials[],
  }
  const sink = {
    test: () => undefined,
    coverage: () => undefined,
    finding: (one: ReportedFinding) => void found.problems.push(one),
    measurement: (one: ReportedMeasurement) => void found.measured.push(one),
    materials: (one: BillOfMaterials) => void found.bills.push(one),
  }
  try {
    const { name } = await readReport(file, sink)
    return { format: name, ...found }
  } finally {
    await rm(folder, { recursive: true })
  }
}

test('hyperfine: seconds of each run of a command', async () => {
  const results = [
    {
      command: 'make',
      mean: 2,
      stddev: 1,
      median: 2,
      user: 1,
      system: 1,
      min: 1,
      max: 3,
      times: [1, 2, 3],
      exit_codes: [0, 0, 0],
    },
  ]
  const { format, measured } = await read(JSON.stringify({ results }, null, 2))
  expect(format).toBe('hyperfine')
  expect(measured).toEqual([
    { name: 'make', unit: 's', better: 'lower', value: 2, spread: { deviation: 1, samples: 3 } },
  ])
})

test('JMH: higher throughput and lower times are better; the raw data are the samples', async () => {
  const metric = (score: number | 'NaN') => ({
    score,
    scoreError: 'NaN',
    scoreUnit: 'ops/s',
    rawData: [[9, 11], [10]],
  })
  const { format, measured } = await read(
    JSON.stringify([
      {
        jmhVersion: '1.37',
        benchmark: 'shop.Cart.add',
        mode: 'thrpt',
        params: { size: '10' },
        primaryMetric: metric(10),
        secondaryMetrics: {},
      },
      {
        jmhVersion: '1.37',
        benchmark: 'shop.Cart.add',
        mode: 'avgt',
        primaryMetric: { ...metric(3), scoreUnit: 'us/op', rawData: [] },
      },
      {
        jmhVersion: '1.37',
        benchmark: 'shop.Cart.gone',
        mode: 'avgt',
        primaryMetric: metric('NaN'),
      },
    ]),
  )
  expect(format).toBe('JMH')
  expect(measured).toEqual([
    {
      name: 'shop.Cart.add thrpt size=10',
      unit: 'ops/s',
      better: 'higher',
      value: 10,
      spread: { deviation: 1, samples: 3 },
    },
    { name: 'shop.Cart.add avgt', unit: 'us/op', better: 'lower', value: 3, spread: null },
  ])
})

test('pytest-benchmark: with raw data and with statistics only', async () => {
  const stats = { min: 1, max: 3, mean: 2, stddev: 0.5, rounds: 40, median: 2 }
  const { format, measured } = await read(
    JSON.stringify({
      machine_info: { node: 'vm' },
      benchmarks: [
        { name: 'test_add', fullname: 'test_a.py::test_add', stats },
        { name: 'test_raw', fullname: 'test_a.py::test_raw', stats: { ...stats, data: [1, 3] } },
      ],
    }),
  )
  expect(format).toBe('pytest-benchmark')
  expect(measured.map(({ name, value, spread }) => [name, value, spread?.samples])).toEqual([
    ['test_a.py::test_add', 2, 40],
    ['test_a.py::test_raw', 2, 2],
  ])
})

test('autocannon: latency, requests per second, and all kinds of errors', async () => {
  const { format, measured } = await read(
    JSON.stringify({
      ...{ url: 'http://x/', connections: 2, duration: 10.02, errors: 1, timeouts: 2, non2xx: 3 },
      latency: { average: 5, p50: 4, p97_5: 8, p99: 9, stddev: 1 },
      requests: { average: 1651, mean: 1651, stddev: 7 },
      throughput: { average: 1 },
    }),
  )
  expect(format).toBe('autocannon')
  expect(measured.map(({ name, value, better }) => [name, value, better])).toEqual([
    ['http://x/ p50', 4, 'lower'],
    ['http://x/ p97.5', 8, 'lower'],
    ['http://x/ p99', 9, 'lower'],
    ['http://x/ requests', 1651, 'higher'],
    ['http://x/ errors', 6, 'lower'],
  ])
  expect(measured[3]?.spread).toEqual({ deviation: 7, samples: 10 })
})

test('k6: both forms of its summary', async () => {
  const trend = { avg: 120, min: 90, med: 110, max: 900, 'p(90)': 200, 'p(95)': 230 }
  const old = {
    metrics: {
      http_req_duration: trend,
      http_reqs: { count: 100, rate: 50 },
      checks: { passes: 9, fails: 1, value: 0.9 },
      vus: { value: 1, min: 1, max: 1 },
    },
  }
  const handled = {
    root_group: {},
    metrics: {
      http_req_duration: { type: 'trend', contains: 'time', values: trend },
      http_reqs: { type: 'counter', contains: 'default', values: { count: 100, rate: 50 } },
      checks: { type: 'rate', contains: 'default', values: { rate: 0.9, passes: 9, fails: 1 } },
    },
  }
  for (const report of [old, handled]) {
    const { format, measured } = await read(JSON.stringify(report))
    expect(format).toBe('k6')
    expect(measured.map(({ name, value, unit, better }) => [name, value, unit, better])).toEqual([
      ['http_req_duration med', 110, 'ms', 'lower'],
      ['http_req_duration p(90)', 200, 'ms', 'lower'],
      ['http_req_duration p(95)', 230, 'ms', 'lower'],
      ['http_reqs rate', 50, '1/s', 'higher'],
      ['checks rate', 0.9, '', 'higher'],
    ])
  }
})

test('Go benchmarks: a repetition is a sample, and the processor count is not part of the name', async () => {
  const { format, measured } = await read(`goos: linux
pkg: example.com/shop
BenchmarkAdd-8   	 1000000	      1000 ns/op	     128 B/op	       2 allocs/op
BenchmarkAdd-8   	 1000000	      1200 ns/op	     128 B/op	       2 allocs/op
BenchmarkRead-8  	     100	   5000000 ns/op	 200.50 MB/s
PASS
ok  	example.com/shop	3.1s
`)
  expect(format).toBe('Go benchmarks')
  expect(
    measured.map(({ name, value, unit, better, spread }) => [
      name,
      value,
      unit,
      better,
      spread?.samples,
    ]),
  ).toEqual([
    ['example.com/shop BenchmarkAdd', 1100, 'ns/op', 'lower', 2],
    ['example.com/shop BenchmarkAdd B/op', 128, 'B/op', 'lower', 2],
    ['example.com/shop BenchmarkAdd allocs/op', 2, 'allocs/op', 'lower', 2],
    ['example.com/shop BenchmarkRead', 5_000_000, 'ns/op', 'lower', undefined],
    ['example.com/shop BenchmarkRead MB/s', 200.5, 'MB/s', 'higher', undefined],
  ])
})

test('CycloneDX: components, and vulnerabilities that affect the artifact', async () => {
  const vulnerability = (id: string, severities: string[], state?: string) => ({
    ...{
      id,
      source: { name: 'NVD' },
      description: 'bad',
      affects: [{ ref: 'pkg:npm/left-pad@1.0.0' }],
    },
    ratings: severities.map((severity) => ({ severity })),
    ...(state ? { analysis: { state } } : {}),
  })
  const document = {
    ...{
      $schema: 'http://cyclonedx.org/schema/bom-1.5.schema.json',
      bomFormat: 'CycloneDX',
      specVersion: '1.5',
      version: 1,
    },
    components: [
      { type: 'library', name: 'left-pad', version: '1.0.0', purl: 'pkg:npm/left-pad@1.0.0' },
    ],
    vulnerabilities: [
      vulnerability('CVE-1', ['medium', 'critical']),
      vulnerability('CVE-2', ['low']),
      vulnerability('CVE-3', ['high'], 'not_affected'),
      vulnerability('CVE-4', ['unknown']),
    ],
  }
  const { format, bills, problems } = await read(JSON.stringify(document))
  expect(format).toBe('CycloneDX')
  expect(bills).toMatchObject([
    {
      components: 1,
      document: { specVersion: '1.5', components: [{ purl: 'pkg:npm/left-pad@1.0.0' }] },
    },
  ])
  expect(
    problems.map(({ rule, severity, level, message }) => [rule, severity, level, message]),
  ).toEqual([
    ['CVE-1', 'critical', 'error', 'pkg:npm/left-pad@1.0.0: bad'],
    ['CVE-2', 'low', 'note', 'pkg:npm/left-pad@1.0.0: bad'],
    ['CVE-4', null, 'warning', 'pkg:npm/left-pad@1.0.0: bad'],
  ])
  await expect(
    read('<?xml version="1.0"?><bom xmlns="http://cyclonedx.org/schema/bom/1.5"/>'),
  ).rejects.toThrow(/configure its tool to write JSON/)
})

test('npm audit: each advisory once; an unreachable registry is an error', async () => {
  const via = {
    source: 1,
    name: 'minimist',
    title: 'Prototype Pollution',
    url: 'https://github.com/advisories/GHSA-xvch',
    severity: 'critical',
    range: '<0.2.4',
  }
  const entry = {
    severity: 'critical',
    isDirect: true,
    effects: [],
    nodes: [],
    fixAvailable: true,
    range: '<0.2.4',
  }
  const audit = {
    auditReportVersion: 2,
    vulnerabilities: {
      minimist: { ...entry, name: 'minimist', via: [via] },
      mkdirp: { ...entry, name: 'mkdirp', via: ['minimist'] },
    },
    metadata: {},
  }
  const { format, problems } = await read(JSON.stringify(audit, null, 2))
  expect(format).toBe('npm audit')
  expect(problems).toEqual([
    {
      ...{
        tool: 'npm audit',
        rule: 'GHSA-xvch',
        level: 'error',
        severity: 'critical',
        file: 'package-lock.json',
        line: null,
      },
      message: 'minimist <0.2.4: Prototype Pollution',
    },
  ])
  const refused = {
    message: '405 Method Not Allowed - POST https://registry',
    method: 'POST',
    error: { summary: '', detail: '' },
  }
  await expect(read(JSON.stringify(refused, null, 2))).rejects.toThrow(
    'states that npm audit did not complete: 405 Method Not Allowed',
  )
})

test.each([
  ['hyperfine', '{"results": [{"command": 3}]}'],
  ['JMH', '[{"jmhVersion": "1", "benchmark": "a"}]'],
  ['k6', '{"metrics": {"a": 3}, "root_group": {}}'],
  ['pytest-benchmark', '{"machine_info": {}, "benchmarks": [{"fullname": "a"}]}'],
  ['npm audit', '{"auditReportVersion": 2, "vulnerabilities": {"a": {}}}'],
  ['autocannon', '{"url": "x", "latency": {}, "requests": {}}'],
])('a report of %s that is not right is refused with the place', async (_name, text) => {
  await expect(read(text)).rejects.toThrow(/is not a valid .* report: [\w.]+: /)
})
