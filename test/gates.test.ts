import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { pae } from '#domains/evidence/dsse.ts'
import { endedRun, push } from './support/app.ts'
import { type Installation, startInstallation } from './support/installation.ts'
import { makeRepository, type Repository } from './support/repository.ts'

/**
 * Reports of a suite that reaches these lines of cart.js, with these failing tests and a time of
 * its benchmark.
 */
const script = ({
  reached = [1, 2],
  failed = [] as string[],
  seconds = 0.1,
  findings = [] as string[],
} = {}): string => `
cat > tests.xml <<'X'
<testsuite name="cart"><testcase name="adds">${failed.includes('adds') ? '<failure message="no"/>' : ''}</testcase><testcase name="removes"/></testsuite>
X
printf 'SF:cart.js\\n${[1, 2, 3, 4].map((line) => `DA:${line},${reached.includes(line) ? 1 : 0}\\n`).join('')}end_of_record\\n' > lcov.info
cat > scan.sarif <<'X'
${JSON.stringify({ version: '2.1.0', runs: [{ tool: { driver: { name: 'scan' } }, results: findings.map((rule) => ({ ruleId: rule, level: 'error', message: { text: `${rule} here` }, locations: [{ physicalLocation: { artifactLocation: { uri: 'cart.js' }, region: { startLine: 1 } } }] })) }] })}
X
cat > bench.json <<'X'
${JSON.stringify({ results: [{ command: 'checkout', mean: seconds, times: [seconds * 0.99, seconds, seconds * 1.01, seconds, seconds] }] })}
X
cat > bom.json <<'X'
{"bomFormat":"CycloneDX","specVersion":"1.5","version":1,"components":[{"type":"library","name":"left-pad","version":"1.0.0"}]}
X
exit ${failed.length > 0 ? 1 : 0}
`
const simple = 'export function pay(a) {\n  return a\n}\n'
const tangled = `export function pay(a) {\n${'  if (a) a += 1\n'.repeat(16)}  return a\n}\n`

const pipeline = (more = ''): string => `
steps:
  test:
    run: sh test.sh
    reports: [tests.xml, lcov.info, scan.sarif, bench.json, bom.json]
gates:
  coverage: coverage.changed >= 80
  findings: '!findings.exists(f, f.isNew && f.level == "error")'
  speed: measurements["checkout"].worse <= 5.0
  complexity: functions.all(f, f.cyclomatic <= 15 || f.cyclomatic <= f.before.cyclomatic)
services:
  web:
    run: exec node -e 'require("http").createServer((_, a) => a.end()).listen(process.env.PORT)'
    health: /
environments:
  staging: {}
  production: {evidence: [provenance, tests, coverage, findings, sbom, gates]${more}}
`

describe('the facts of a change', () => {
  let installation: Installation
  let repository: Repository
  beforeAll(async () => {
    installation = await startInstallation()
    repository = await makeRepository({
      'fairlead.yaml': pipeline(),
      'test.sh': script({ reached: [1, 2, 3, 4] }),
      'cart.js': simple,
    })
    await push(installation, 'shop', repository)
  })
  afterAll(async () => {
    await installation.stop()
    await repository.remove()
  })
  const deliver = async (files: Record<string, string>): Promise<number> => {
    await repository.commit(files)
    await push(installation, 'shop', repository)
    return (await installation.client.listRuns({ query: { app: 'shop' } })).runs[0]?.id ?? 0
  }

  test('lets the first delivery through, with comparing gates unknown', async () => {
    expect(await endedRun(installation, 1)).toMatchObject({ state: 'succeeded', reason: null })
    const { gates, numbers, before } = await installation.client.getChange({ params: { run: 1 } })
    expect(gates.map(({ name, state, stops }) => [name, state, stops])).toEqual([
      ['coverage', 'unknown', false],
      ['findings', 'unknown', false],
      ['speed', 'unknown', false],
      ['complexity', 'unknown', false],
    ])
    expect(numbers).toMatchObject({
      materials: { components: 1 },
      measurements: { total: 1, worse: 0 },
      code: { functions: 1 },
      base: { run: null },
    })
    expect(before).toBe(null)
  })

  test('stops a change that makes things worse, and reports values and lines', async () => {
    const run = await deliver({
      'cart.js': tangled,
      'test.sh': script({ reached: [], findings: ['sql'], seconds: 0.15 }),
    })
    const ended = await endedRun(installation, run)
    expect(ended).toMatchObject({ state: 'failed', artifact: null })
    expect(ended.reason).toContain(
      'gate coverage: coverage.changed is 0, which is not >= 80: 80 below it',
    )
    expect(ended.reason).toContain('gate findings: 1 of 1 findings: cart.js:1 sql here (scan sql)')
    expect(ended.reason).toContain('gate speed: measurements["checkout"].worse is')
    expect(ended.reason).toContain(
      'gate complexity: 1 of 1 functions: cart.js:1 pay has complexity 17',
    )
    const change = await installation.client.getChange({ params: { run } })
    expect(change.numbers.base.run).toBe(1)
    const file = change.files?.find(({ path }) => path === 'cart.js')
    expect(file).toMatchObject({
      coverage: { reached: [], missed: [2, 3, 4] },
      findings: [{ rule: 'sql', line: 1, isNew: true }],
      functions: [{ name: 'pay', cyclomatic: 17, before: { cyclomatic: 1 } }],
    })
    expect(change.measurements[0]).toMatchObject({ name: 'checkout', before: 0.1 })
    expect(change.measurements[0]?.worse?.percent).toBeCloseTo(50)
    const shown = await installation.cli('change', String(run))
    expect(shown.code).toBe(1)
    expect(shown.stdout).toMatch(/Compared with \w{7} \(run 1\)/)
    expect(shown.stdout).toContain('cart.js:2  missed   no test reaches 2-4')
    expect((await installation.cli('measurements', String(run))).stdout).toMatch(
      /checkout +0.15 s +was 0.1 +50.0 % worse/,
    )
    expect((await installation.cli('code', String(run))).stdout).toMatch(
      /cart.js:1 +17 +cognitive 16 +was 1 +pay/,
    )
  })

  test('lets a change through while a waiver is active', async () => {
    for (const gate of ['coverage', 'findings', 'speed', 'complexity'])
      expect(
        (
          await installation.cli(
            'waivers',
            'add',
            'shop',
            '--gate',
            gate,
            '--reason',
            'the importer goes next week',
          )
        ).code,
      ).toBe(0)
    const run = await deliver({ 'cart.js': `${tangled}// more\n` })
    expect(await endedRun(installation, run)).toMatchObject({ state: 'succeeded' })
    const { gates } = await installation.client.getChange({ params: { run } })
    expect(new Set(gates.map(({ state }) => state))).toEqual(new Set(['waived']))
    expect(gates[0]?.reasons[0]).toContain('coverage.changed is 0')
    const { waivers } = await installation.client.listWaivers({ params: { app: 'shop' } })
    expect(waivers[0]).toMatchObject({
      reason: 'the importer goes next week',
      isActive: true,
      kind: 'gate',
    })
    for (const { id } of waivers) await installation.cli('waivers', 'end', 'shop', String(id))
    expect((await installation.cli('waivers', 'list', 'shop')).stdout).toMatch(
      /over +gate +coverage/,
    )
    const next = await deliver({
      'cart.js': `${tangled}// even more\n`,
      'test.sh': script({ reached: [], findings: ['sql', 'eval'] }),
    })
    expect((await endedRun(installation, next)).reason).toContain(
      'gate findings: 1 of 2 findings: cart.js:1 eval here',
    )
  })

  test('shows a quarantined test without stopping the run', async () => {
    const files = {
      'test.sh': script({ reached: [1, 2, 3, 4], failed: ['adds'] }),
      'cart.js': simple,
    }
    const run = await deliver(files)
    expect((await endedRun(installation, run)).reason).toMatch(
      /exit.* 1; 1 of 2 tests failed: adds/,
    )
    await installation.cli(
      'waivers',
      'add',
      'shop',
      '--test',
      'cart › adds',
      '--reason',
      'flaky since the clock',
    )
    const again = await installation.client.retryRun({ params: { run } })
    const ended = await endedRun(installation, again.id)
    expect(ended).toMatchObject({ state: 'succeeded' })
    expect(ended.steps[0]).toMatchObject({
      state: 'passed',
      reason: '1 of 2 tests failed, and is quarantined',
    })
    const { tests } = await installation.client.listTests({ params: { run: again.id }, query: {} })
    expect(tests[0]).toMatchObject({ name: 'adds', outcome: 'failed', isQuarantined: true })
    expect(
      (await installation.client.getReport({ params: { run: again.id } })).tests,
    ).toMatchObject({
      failed: 1,
      quarantined: 1,
    })
    const { waivers } = await installation.client.listWaivers({ params: { app: 'shop' } })
    await installation.client.deleteWaiver({ params: { app: 'shop', waiver: waivers[0]?.id ?? 0 } })
  })

  test('are signed, and verify with the trusted key for that artifact only', async () => {
    const run = await deliver({
      'test.sh': script({ reached: [1, 2, 3, 4] }),
      'cart.js': `${simple}// signed\n`,
    })
    const { artifact } = await endedRun(installation, run)
    const { evidence } = await installation.client.listEvidence({
      params: { app: 'shop', digest: artifact ?? '' },
    })
    expect(evidence.map(({ kind, result }) => `${kind} ${result}`)).toEqual([
      ...[
        'provenance passed',
        'tests passed',
        'coverage passed',
        'findings passed',
        'sbom passed',
        'gates passed',
      ],
    ])
    const statements = evidence.map(
      ({ envelope }) =>
        JSON.parse(Buffer.from(envelope.payload, 'base64').toString('utf8')) as Record<
          string,
          unknown
        >,
    )
    expect(statements[0]).toMatchObject({
      _type: 'https://in-toto.io/Statement/v1',
      subject: [{ name: 'shop', digest: { sha256: artifact?.slice(7) } }],
      predicateType: 'https://slsa.dev/provenance/v1',
      predicate: {
        buildDefinition: {
          externalParameters: { app: 'shop', pipeline: 'fairlead.yaml' },
          internalParameters: { run },
        },
      },
    })
    expect(statements[4]).toMatchObject({
      predicateType: 'https://cyclonedx.org/bom',
      predicate: { components: [{ name: 'left-pad' }] },
    })
    const pem = join(installation.home, 'fairlead.pub')
    writeFileSync(pem, (await installation.cli('evidence', 'key')).stdout)
    const verified = await installation.cli('evidence', 'verify', artifact ?? '', '--key', pem)
    expect(verified).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/✔ valid +provenance/),
    })

    // OpenSSL as somebody else's implementation.
    const [first] = evidence
    const [pre, sig] = [join(installation.home, 'pae'), join(installation.home, 'sig')]
    writeFileSync(
      pre,
      pae(first?.envelope.payloadType ?? '', Buffer.from(first?.envelope.payload ?? '', 'base64')),
    )
    writeFileSync(sig, Buffer.from(first?.envelope.signatures[0]?.sig ?? '', 'base64'))
    expect(
      execFileSync(
        'openssl',
        ['pkeyutl', '-verify', '-pubin', '-inkey', pem, '-rawin', '-in', pre, '-sigfile', sig],
        {
          encoding: 'utf8',
        },
      ),
    ).toContain('Verified')

    // It is in the image layout as a referrer of the artifact.
    const blob = (digest: string): unknown =>
      JSON.parse(
        readFileSync(join(installation.home, 'artifacts/blobs/sha256', digest.slice(7)), 'utf8'),
      )
    expect(blob(first?.manifest ?? '')).toMatchObject({
      artifactType: 'application/vnd.in-toto+json',
      subject: { digest: artifact },
      layers: [{ mediaType: 'application/vnd.dsse.envelope.v1+json' }],
    })
    const index = JSON.parse(
      readFileSync(join(installation.home, 'artifacts/index.json'), 'utf8'),
    ) as {
      manifests: { digest: string }[]
    }
    expect(index.manifests.map(({ digest }) => digest)).toContain(first?.manifest)
  })

  test('stay valid after a key rotation, and another key is refused', async () => {
    const { runs } = await installation.client.listRuns({ query: { app: 'shop' } })
    const run = String(runs[0]?.id)
    const old = (await installation.client.listKeys({})).keys[0]?.id
    const fresh = (await installation.cli('evidence', 'key', '--rotate')).stdout
    expect(
      (await installation.client.listKeys({})).keys.map(({ id, retired }) => [
        id === old,
        retired === null,
      ]),
    ).toEqual([
      [false, true],
      [true, false],
    ])
    expect((await installation.cli('evidence', 'verify', run)).code).toBe(0)
    const pem = join(installation.home, 'other.pub')
    writeFileSync(pem, fresh)
    const refused = await installation.cli('evidence', 'verify', run, '--key', pem)
    expect(refused).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('no trusted key signed it'),
    })
  })

  test('of a revoked key are invalid, and the next signature is made with a new key', async () => {
    const { runs } = await installation.client.listRuns({ query: { app: 'shop' } })
    const run = String(runs[0]?.id)
    const [now, old] = (await installation.client.listKeys({})).keys
    expect((await installation.cli('evidence', 'verify', run)).code).toBe(0)
    const pem = join(installation.home, 'stolen.pub')
    writeFileSync(pem, old?.publicKey ?? '')
    const revoked = await installation.cli(
      ...['evidence', 'revoke-key', old?.id.slice(0, 12) ?? '', '--reason', 'it was stolen'],
    )
    expect(revoked.code).toBe(0)
    for (const more of [[], ['--key', pem]])
      expect(await installation.cli('evidence', 'verify', run, ...more)).toMatchObject({
        code: 1,
        stdout: expect.stringMatching(
          /✘ invalid.*its key [0-9a-f]{12} was revoked on .*: it was stolen/,
        ),
      })
    await installation.client.revokeKey({
      params: { key: now?.id ?? '' },
      body: { reason: 'for the test' },
    })
    const { keys } = await installation.client.listKeys({})
    expect(keys.map(({ revoked: at }) => at === null)).toEqual([true, false, false])
  })

  test('are required by an environment, which lists what a release lacks', async () => {
    const run = await deliver({
      'fairlead.yaml': pipeline().replace(', bom.json]', ']').replace('tests.xml, ', ''),
    })
    const ended = await endedRun(installation, run)
    expect(ended).toMatchObject({
      state: 'failed',
      reason: 'production: the release lacks evidence that the environment requires: tests, sbom',
    })
    expect(
      ended.deployments.map(({ environment, deployment }) => [environment, deployment?.state]),
    ).toEqual([
      ['staging', 'live'],
      ['production', undefined],
    ])
  })

  test('appear in trends', async () => {
    const shown = await installation.cli('trends', 'shop')
    expect(shown.stdout).toMatch(/run +tests +coverage/)
    expect(shown.stdout).toMatch(/^1 +2\/2 +100.0 %/m)
  })
})
