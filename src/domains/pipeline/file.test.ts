import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { pipelineFile } from '#contract/pipeline-file/pipeline-file.ts'
import { targets } from '#domains/deployment/targets.generated.ts'
import { type FileProblem, type ReadResult, readPipelineFile } from './file.ts'

const read = (input: string | Uint8Array): ReadResult =>
  readPipelineFile(input, { file: 'fairlead.yaml', defaultApp: 'folder', targets })

function good(text: string) {
  const result = read(text)
  if (!result.ok) throw new Error(JSON.stringify(result.problems))
  return result.pipeline
}

function problems(input: string | Uint8Array): FileProblem[] {
  const result = read(input)
  if (result.ok) throw new Error('it was read without a problem')
  return result.problems
}

/** `line:column problem; hint` */
const said = (input: string | Uint8Array): string[] =>
  problems(input).map(({ line, column, problem, hint }) => `${line}:${column} ${problem}; ${hint}`)

describe('a valid file', () => {
  test('expands shorthands, converts durations to milliseconds, and has defaults', () => {
    const file = good(`
steps:
  install: npm ci
  test: { run: npm test, timeout: 90s, retry: 1, tools: node }
services:
  web: { run: node server.js, health: /health }
  worker: node worker.js
environments:
  dev:
  production:
    verify: npm run smoke
    watch: 1.5m
`)
    expect(file.app).toBe('folder')
    expect(Object.keys(file.steps)).toEqual(['install', 'test'])
    expect(file.steps['install']).toEqual({
      run: 'npm ci',
      timeout: 1_800_000,
      retry: 0,
      reports: [],
      optional: false,
      services: {},
      cache: { paths: [], key: [] },
      inputs: [],
      outputs: [],
      when: [],
      env: {},
      secrets: [],
      directory: '.',
      network: true,
      tools: [],
    })
    expect(file.steps['test']).toMatchObject({ timeout: 90_000, retry: 1, tools: ['node'] })
    expect(file.services['web']?.health).toEqual({
      path: '/health',
      timeout: 60_000,
      interval: 1000,
    })
    expect(file.services['worker']).toMatchObject({
      run: 'node worker.js',
      instances: 1,
      stop: { signal: 'SIGTERM', grace: 10_000 },
    })
    const canary = {
      steps: [5, 20, 50],
      least: 120_000,
      most: 900_000,
      undecided: 'promote',
      watch: 7_200_000,
      alpha: 0.01,
      tolerance: { errors: 0, latency: 0.1, slack: 1 },
      harm: { ratio: 1.5, difference: 0.001, latency: 1.5 },
      warm: 60_000,
      metrics: {},
      scrape: { path: '/metrics', every: 5000 },
      fresh: 'auto',
    }
    expect(file.environments).toEqual({
      dev: {
        env: {},
        domains: [],
        edge: { allow: [], compress: false, log: false, redirects: [], request: {}, response: {} },
        evidence: [],
        freeze: [],
        target: { kind: 'process' },
        watch: 300_000,
        strategy: 'blue-green',
        canary,
      },
      production: {
        env: {},
        domains: [],
        edge: { allow: [], compress: false, log: false, redirects: [], request: {}, response: {} },
        evidence: [],
        freeze: [],
        target: { kind: 'process' },
        watch: 90_000,
        strategy: 'blue-green',
        canary,
        verify: { run: 'npm run smoke', timeout: 300_000 },
      },
    })
    expect(file.artifact).toEqual({ include: ['.'], exclude: [] })
  })

  test('has three environments by default', () => {
    expect(Object.keys(good('app: x\n').environments)).toEqual(['dev', 'staging', 'production'])
  })

  test('treats empty values as absent', () => {
    const file = good('steps:\nservices:\nenvironments:\nartifact:\n')
    expect(file).toEqual(good('app: folder'))
  })

  test('refuses unknown keys without a value', () => {
    const text = 'services: {web: {run: node "a", b"}}\nbar:\n'
    expect(problems(text).map(({ line, column, problem }) => [line, column, problem])).toEqual([
      [1, 33, '`b"` is not a valid key here'],
      [2, 1, '`bar` is not a valid key here'],
    ])
  })

  test('reads the numbers of the parameters of an experiment as numbers', () => {
    const { experiments } = good(`services: {w: {run: z}}
environments: {prod: {}}
experiments:
  busy: {action: cpu, service: w, environments: prod, for: 10s, parameters: {cores: 2}}`)
    expect(experiments['busy']?.parameters).toEqual({ cores: 2 })
  })

  test('names the experiments of an environment', () => {
    const of = (environments: string): string => `services: {w: {run: z}}
environments: ${environments}
experiments: {a: {action: cpu, service: w, environments: [dev], for: 10s}}`
    const { environments } = good(of('{dev: {experiments: a}, prod: {}}'))
    expect(environments['dev']?.experiments).toEqual(['a'])
    const said = (text: string) => problems(of(text)).map(({ problem }) => problem)
    expect(said('{dev: {experiments: b}, prod: {}}')).toEqual([
      'environment `dev` names the experiment `b`, which does not exist',
    ])
    expect(said('{dev: {experiments: [a, a]}, prod: {}}')).toEqual([
      'environment `dev` names the experiment `a` twice',
    ])
    expect(said('{dev: {}, test: {experiments: a}, prod: {}}')).toEqual([
      'environment `test` names the experiment `a`, which may not run there',
    ])
    expect(said('{dev: {experiments: a}}')).toEqual([
      'environment `dev` names the experiment `a`, but no environment follows that it could ' +
        'protect',
    ])
  })

  test('keeps the text of numbers in every value that becomes a variable', () => {
    const { steps, parameters } = good(`parameters:
  RELEASE: {default: 1.20, options: [1.20, 1.30]}
  PLAIN: 2.0
steps:
  a: {run: x, matrix: {PY: [3.9, 3.10], MODE: 0644}, services: {db: {run: y, env: {V: 1.0}}}}
  b: {run: x, matrix: [{V: &v 3.10, SHA: 1e10}], env: {W: *v, T: True}}
services: {w: {run: z, env: {N: 007}}}
environments: {prod: {env: &e {N: 0x1F}}, next: {env: *e}}`)
    expect(parameters).toMatchObject({
      RELEASE: { default: '1.20', options: ['1.20', '1.30'] },
      PLAIN: { default: '2.0' },
    })
    expect(steps['a']).toMatchObject({
      matrix: { PY: ['3.9', '3.10'], MODE: ['0644'] },
      services: { db: { env: { V: '1.0' } } },
    })
    expect(steps['b']).toMatchObject({
      matrix: [{ V: '3.10', SHA: '1e10' }],
      env: { W: '3.10', T: 'True' },
    })
  })

  test('keeps the values of variables as they are written', () => {
    const file = good(
      'steps: {a: {run: x, env: {V: 1.10, M: 0644, E: 1e3, T: true, S: "x", B: 1_000}}}',
    )
    expect(file.steps['a']?.env).toEqual({
      V: '1.10',
      M: '0644',
      E: '1e3',
      T: 'true',
      S: 'x',
      B: '1_000',
    })
  })

  test('accepts true and false as commands', () => {
    expect(good('steps: {a: true, b: {run: false}}').steps).toMatchObject({
      a: { run: 'true' },
      b: { run: 'false' },
    })
  })

  test('may have a byte order mark and Windows line endings', () => {
    expect(good('\uFEFFsteps:\r\n  a: x\r\n').steps['a']?.run).toBe('x')
    const bytes = Buffer.from('\uFEFFsteps: {a: x}')
    expect(read(bytes).ok).toBe(true)
  })
})

describe('an invalid file', () => {
  const cases: [name: string, text: string, said: string[]][] = [
    [
      'an unknown key',
      'service:\n  web: x\n',
      ['1:1 `service` is not a valid key here; did you mean `services`?'],
    ],
    [
      'an unknown key without a near one',
      'steps:\n  a:\n    run: x\n    colour: red\n',
      [
        '4:5 `colour` is not a valid key here; the valid keys are run, needs, optional, timeout, retry, rerun, env, secrets, directory, reports, services, matrix, …',
      ],
    ],
    [
      'services beside a step without network',
      'steps:\n  a:\n    run: x\n    network: false\n    services: {db: {run: y}}\n',
      ['4:5 step `a` has `network: false` and cannot reach its `services`; remove one of the two'],
    ],
    [
      'an unknown key deep down',
      'services: {w: {run: x, health: {paht: /}}}',
      ['1:33 `paht` is not a valid key here; did you mean `path`?'],
    ],
    [
      'a wrong type',
      'steps:\n  test: { run: [a, b] }\n',
      ['2:11 `steps.test.run` must be text, not a list; for example `run: npm test`'],
    ],
    [
      'a missing command',
      'steps:\n  test: { retry: 1 }\n',
      ['2:3 `steps.test.run` is missing; for example `run: npm test`'],
    ],
    [
      'a list of steps',
      'steps:\n  - npm test\n',
      [
        '1:1 `steps` must be a mapping with keys, not a list; for example `steps: {test: npm test}`',
      ],
    ],
    [
      'a wrong duration',
      'steps: {a: {run: x, timeout: soon}}',
      [
        '1:30 `steps.a.timeout` must be a duration such as 30s, 5m or 1h; for example `timeout: 10m`',
      ],
    ],
    [
      'no time at all',
      'steps: {a: {run: x, timeout: 0}}',
      ['1:30 `steps.a.timeout` must be at least 1ms; for example `timeout: 10m`'],
    ],
    [
      'a canary that makes no sense',
      'environments: {a: {strategy: rolling, canary: {steps: [50, 20]}}}',
      [
        '1:30 `environments.a.strategy` must be one of blue-green, canary; for example `strategy: canary`',
        '1:48 `environments.a.canary.steps` must increase from each step to the next; for example `steps: [5, 20, 50]`',
      ],
    ],
    [
      'too long a time',
      'environments: {a: {watch: 25h}}',
      ['1:27 `environments.a.watch` must be at most 24h; for example `watch: 5m`'],
    ],
    [
      'too many retries',
      'steps: {a: {run: x, retry: 99}}',
      ['1:28 `steps.a.retry` must be at most 10; for example `retry: 2`'],
    ],
    [
      'a signal that is none',
      'services: {a: {run: x, stop: {signal: TERM}}}',
      [
        '1:39 `services.a.stop.signal` must be one of SIGTERM, SIGINT, SIGQUIT, SIGHUP; for example `signal: SIGTERM`',
      ],
    ],
    [
      'metrics that make no sense',
      'environments: {a: {canary: {metrics: {errors: {bad: a}, x: {bad: sum(a)}, y: {of: b}, z: {queue: c}}, session: a}}}',
      [
        '1:66 `environments.a.canary.metrics.x.bad` must be a metric such as jobs_failed_total{queue="mail"}; for example `bad: jobs_failed_total{queue="mail"}`',
        '1:75 `environments.a.canary.metrics.y` must have exactly one of `route`, `bad`, `histogram` and `gauge`; for example `metrics: {jobs: {bad: jobs_failed_total, of: jobs_total}}`',
        '1:83 `environments.a.canary.metrics.y.of` must be used together with `bad`; for example `of: jobs_total`',
        '1:87 `environments.a.canary.metrics.z` must have exactly one of `route`, `bad`, `histogram` and `gauge`; for example `metrics: {jobs: {bad: jobs_failed_total, of: jobs_total}}`',
        '1:91 `queue` is not a valid key here; the valid keys are route, bad, of, histogram, gauge, prometheus, tolerance, worse, advisory',
        '1:112 `environments.a.canary.session` must be `cookie`, `cookie: NAME` or `header: NAME`; for example `session: cookie`',
      ],
    ],
    [
      'a canary that contradicts itself',
      'environments: {a: {canary: {metrics: {errors: {route: /a}}, session: cookie, ' +
        'tenant: X-Tenant, fresh: true, steps: [60]}}}',
      [
        '1:29 `environments.a.canary.metrics` must not contain `errors` or `latency`, which are always judged; for example `metrics: {jobs: {bad: jobs_failed_total, of: jobs_total}}`',
        '1:70 `environments.a.canary.session` must not be combined with a metric that has `route`, which counts requests; for example `session: cookie`',
        '1:86 `environments.a.canary.tenant` must not be combined with `session`, because ' +
          'tenants are compared by requests; for example ' +
          '`canary: {steps: [5, 20, 50], least: 2m, most: 15m}`',
        '1:103 `environments.a.canary.fresh` must have shares of at most 50; for example `fresh: true`',
      ],
    ],
    [
      'a port that is for root',
      'environments: {a: {port: 80}}',
      ['1:26 `environments.a.port` must be at least 1024; for example `port: 8080`'],
    ],
    [
      'a number as the port of a service',
      'services: {a: {run: x, port: 80}}',
      ['1:30 `services.a.port` must be at least 1024; for example `port: false`'],
    ],
    [
      'a name that cannot be one',
      'services:\n  My Web: x\n',
      [
        '2:3 `My Web` must be 1–40 lower-case letters, digits and inner hyphens; for example `my-web`',
      ],
    ],
    [
      'a variable that cannot be one',
      'steps: {a: {run: x, env: {log-level: x}}}',
      ['1:27 `log-level` must be a variable name such as LOG_LEVEL; for example `LOG_LEVEL`'],
    ],
    [
      'the same key twice',
      'steps:\n  a: x\n  a: y\n',
      ['3:3 the key `a` appears twice; keep only one of them'],
    ],
    ['a tab', 'steps:\n\ta: x\n', ['2:1 the line is indented with a tab; indent with spaces']],
    [
      'two documents',
      'app: a\n---\napp: b\n',
      ['2:1 a second document begins here; remove the line `---`'],
    ],
    ['a tag', 'steps: {a: !secret x}', ['1:20 the tag `!secret` is not supported; remove it']],
    [
      'a merge',
      'x: &x {a: b}\nsteps:\n  <<: *x\n',
      ['3:3 merging with `<<` is not supported; write the keys in full'],
    ],
    [
      'a key that is a mapping',
      'steps: {{a: b}: c}',
      ['1:9 a key must be plain text; for example `test: npm test`'],
    ],
    [
      'the prototype',
      'steps: {a: {run: x, env: {__proto__: y}}}',
      ['1:27 the name `__proto__` is reserved for Fairlead; choose another name'],
    ],
    [
      'a name without a letter',
      'steps: {2: x, 1: y}',
      [
        '1:9 the name `2` contains no letter; for example `step-2`',
        '1:15 the name `1` contains no letter; for example `step-1`',
      ],
    ],
    [
      'a kept name',
      'steps: {fairlead: x, verify-dev: y}',
      [
        '1:9 the name `fairlead` is reserved for Fairlead; choose another name',
        '1:22 the name `verify-dev` is reserved for Fairlead; choose another name',
      ],
    ],
    [
      'a need that is no step',
      'steps: {build: x, test: {run: y, needs: [biuld]}}',
      ['1:42 step `test` needs `biuld`, which is not a step; did you mean `build`?'],
    ],
    [
      'a need of itself',
      'steps: {build: {run: x, needs: build}}',
      ['1:32 step `build` needs itself; remove it'],
    ],
    [
      'a circle',
      'steps:\n  a: {run: x, needs: c}\n  b: {run: x, needs: a}\n  c: {run: x, needs: b}\n',
      [
        '2:3 the steps form a cycle: a → c → b → a; remove one of these `needs`, or write `needs: []`',
      ],
    ],
    [
      'a service without a command',
      'services:\n  web: { health: / }\n',
      [
        '2:3 service `web` has neither `run` nor `static`; add a command such as `run: node server.js`',
      ],
    ],
    [
      'a service with two',
      'services:\n  web: { run: x, static: public }\n',
      ['2:3 service `web` has both `run` and `static`; keep only one of them'],
    ],
    [
      'a command before the start without a service',
      'services:\n  web: { static: public }\nenvironments:\n  dev: { before: migrate }\n',
      [
        '4:10 environment `dev` has `before`, but no service with `run`; ' +
          'remove it, or add a service',
      ],
    ],
    [
      'a command before the start of an unknown service',
      'services:\n  web: x\nenvironments:\n  dev: { before: { run: y, service: wbe } }\n',
      ['4:37 `before` names `wbe`, which is not a service with `run`; those are web'],
    ],
    [
      'a restore without a backup',
      'services:\n  web: x\nenvironments:\n  dev: { before: { run: y, restore: z } }\n',
      ['4:28 `before` has `restore`, but no `backup` that it could restore; add `backup`'],
    ],
    [
      'a service with the name of the command before the start',
      'services:\n  before: x\nenvironments:\n  dev: { before: y }\n',
      ['2:3 the name `before` is that of the command of environment `dev`; choose another name'],
    ],
    [
      'a port that appears twice',
      'environments: {a: {port: 8080}, b: {port: 8080}}',
      ['1:43 environment `b` uses port 8080, which `a` uses already; use another port, or none'],
    ],
    [
      'a domain that appears twice',
      'environments: {a: {domains: [x.example, y.example]}, b: {domains: x.example}}',
      ['1:67 environment `b` has the domain x.example, which `a` has already; remove one of them'],
    ],
    [
      'a path of two services',
      'services: {web: {run: x, paths: /a}, api: {run: x, paths: [/b, /a]}}',
      ['1:64 service `api` has the path `/a`, which `web` has already; remove one of them'],
    ],
    [
      'redirects and networks that the edge cannot use',
      'environments: {a: {edge: {redirects: ["/a", "/a /b 200"], allow: [10.0.0.0/33]}}}',
      [
        '1:39 `/a` is not `FROM TO [STATUS]`; write it as `/old/* /new/:splat 301`',
        '1:45 `/a /b 200` has the status 200, which redirects nowhere; write it as ' +
          '`/old/* /new/:splat 301`',
        '1:67 `10.0.0.0/33` is not an address or a network; write it as 192.0.2.7 or 10.0.0.0/8',
      ],
    ],
    [
      'a domain that redirects to itself',
      'environments: {a: {domains: [{name: x.example, redirect: x.example}]}}',
      ['1:30 the domain x.example redirects to itself; name another domain'],
    ],
    [
      'a domain of an unknown service',
      'services: {web: x}\nenvironments: {a: {domains: [{name: x.example, service: wbe}]}}',
      ['2:30 the domain x.example names `wbe`, which is not a service; the services are web'],
    ],
    [
      'what is not a domain',
      'environments: {a: {domains: [https://x.example, X.example, "*.*.example", 10.0.0.1]}}',
      [
        [30, 0],
        [49, 1],
        [60, 2],
        [75, 3],
      ].map(
        ([column, index]) =>
          `1:${column} \`environments.a.domains.${index}.name\` must be a domain in lower case ` +
          'such as shop.example.com; write others in their xn-- form; for example ' +
          '`domains: [shop.example.com]`',
      ),
    ],
    [
      'no environment',
      'environments: {}',
      [
        '1:1 `environments` must have at least one environment; for example `environments: {dev: {}, production: {}}`',
      ],
    ],
    [
      'a path outside',
      'artifact: [../secrets]',
      [
        '1:12 `artifact.include.0` must be a path inside the repository, relative to its root; for example `include: [dist, package.json]`',
      ],
    ],
    [
      'an absolute path',
      'services: {a: {static: /etc}}',
      [
        '1:24 `services.a.static` must be a path inside the repository, relative to its root; for example `static: public`',
      ],
    ],
    [
      'a health check that is no path',
      'services: {a: {run: x, health: health}}',
      [
        '1:32 `services.a.health.path` must begin with / and have no spaces; for example `path: /health`',
      ],
    ],
    [
      'an empty command',
      'steps: {a: "  "}',
      ['1:12 `steps.a.run` must not be empty; for example `run: npm test`'],
    ],
    [
      'a command with NUL',
      'steps: {a: "x\\0y"}',
      ['1:12 `steps.a.run` must not contain the character NUL; for example `run: npm test`'],
    ],
    [
      'a bare word',
      'hello',
      [
        '1:1 the file must be a mapping with keys such as `services:`; create one with `fairlead init`',
      ],
    ],
    ['nothing', '# only a comment\n', ['1:1 the file is empty; create one with `fairlead init`']],
  ]
  test.each(cases)('%s', (_, text, expected) => {
    expect(said(text)).toEqual(expected)
  })

  test('headers of a health check that are none, or those of a connection', () => {
    const headers = '{"a b": x, Connection: close, X: "a\\nb"}'
    expect(said(`services: {a: {run: x, health: {headers: ${headers}}}}`)).toEqual([
      expect.stringContaining('`a b` must be the name of a header'),
      expect.stringContaining('`Connection` must not be a header of the connection'),
      expect.stringContaining('`services.a.health.headers.X` must be one line'),
    ])
  })

  test('reports all problems together, in the order of the file', () => {
    const text = `
stepz: {}
steps:
  build: { run: x, timeout: never }
  test: { run: y, needs: [bild] }
services:
  web: {}
environments:
  dev: { port: 8080 }
  prod: { port: 8080, wtach: 1m }
  live: { port: 8080 }
`
    expect(problems(text).map(({ line, problem }) => `${line} ${problem}`)).toEqual([
      '2 `stepz` is not a valid key here',
      '4 `steps.build.timeout` must be a duration such as 30s, 5m or 1h',
      '5 step `test` needs `bild`, which is not a step',
      '7 service `web` has neither `run` nor `static`',
      '10 `wtach` is not a valid key here',
      '11 environment `live` uses port 8080, which `dev` uses already',
    ])
  })

  test('reports one YAML error per line', () => {
    expect(problems('steps:\n  a: "x\n')[0]?.problem).toMatch(
      /^this is not YAML: Missing closing "quote/,
    )
    expect(said('app: *nobody\n')).toEqual([
      '1:6 there is no anchor `&nobody` before this alias; write the values in full',
    ])
  })
})

describe('hostile files', () => {
  test('too large', () => {
    expect(said('x'.repeat(12_000_000))).toEqual([
      '1:1 the file has 12 MB; the limit is 256 KB; move long scripts into separate files',
    ])
    expect(said(`#${'x'.repeat(300 * 1024)}`)[0]).toContain(
      'the file has 301 KB; the limit is 256 KB',
    )
  })

  test('binary and other encodings', () => {
    expect(said(Uint8Array.from([0x7f, 0x45, 0x4c, 0x46, 0, 1]))[0]).toContain('the file is binary')
    expect(said('a\0b')[0]).toContain('the file is binary')
    expect(said(Uint8Array.from([0x61, 0xff, 0xfe]))[0]).toContain('the file is not UTF-8')
    expect(said(Buffer.from('app: x', 'utf16le'))[0]).toContain('the file is binary')
  })

  test('aliases that grow', () => {
    const bomb = [
      'a: &a [x,x,x,x,x,x,x,x,x]',
      ...'bcdefghi'
        .split('')
        .map((key, i) => `${key}: &${key} [${Array(9).fill(`*${'abcdefghi'[i]}`).join(',')}]`),
    ]
    expect(said(bomb.join('\n'))[0]).toMatch(/more than 50 YAML aliases; write the values in full$/)
    expect(said('a: &a [*a]\nsteps: *a\n').length).toBeGreaterThan(0)
  })

  test('deep nesting, many keys, many steps', () => {
    expect(said('['.repeat(100_000))[0]).toContain('the file is nested too deeply')
    expect(said(`a: ${'{a: '.repeat(30_000)}`)[0]).toContain('the file is nested too deeply')
    const many = Array.from({ length: 20_000 }, (_, i) => `k${i}: x`).join('\n')
    expect(problems(many)).toHaveLength(50)
    const steps = Array.from({ length: 201 }, (_, i) => `  s${i}: x`).join('\n')
    expect(said(`steps:\n${steps}\n`)).toEqual([
      '1:1 there are 201 steps; the limit is 200; combine some, or split the app',
    ])
  })

  test('too many of anything, and a name too long for the step that verifies it', () => {
    const many = (section: string, count: number, value: string): string =>
      `${section}:\n${Array.from({ length: count }, (_, i) => `  x${i}: ${value}`).join('\n')}\n`
    expect(read(many('services', 50, 'x')).ok).toBe(true)
    expect(said(many('services', 51, 'x'))[0]).toContain('there are 51 services; the limit is 50')
    expect(read(many('environments', 20, '{}')).ok).toBe(true)
    expect(said(many('environments', 21, '{}'))[0]).toContain(
      'there are 21 environments; the limit is 20',
    )
    expect(read(`environments: {${'x'.repeat(34)}: {}}`).ok).toBe(true)
    expect(said(`environments: {${'x'.repeat(34)}: {verify: x}}`)[0]).toContain(
      'is longer than 33 characters',
    )
  })

  test('names of object properties', () => {
    expect(said('steps: {constructor: x}')).toEqual([
      '1:9 the name `constructor` is reserved for Fairlead; choose another name',
    ])
    expect(said('constructor: x\nsteps: {a: {run: x, needs: constructor}}')).toHaveLength(2)
  })
})

describe('properties', () => {
  test('never throws for any text or bytes', () => {
    const fragment = fc.constantFrom(
      ...[
        'steps',
        'services',
        'run',
        'needs',
        'env',
        'a',
        ': ',
        ':\n',
        '\n',
        '  ',
        '- ',
        '{',
        '}',
        '[',
        ']',
        ',',
        '&a ',
        '*a',
        '"',
        "'",
        '|\n',
        '>\n',
        '#',
        '!x ',
        '<<',
        '? ',
        '---\n',
        '\t',
        '1',
        'true',
        '~',
      ],
    )
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(fragment, { maxLength: 40 }).map((parts) => parts.join('')),
    )
    const check = (input: string | Uint8Array): void => {
      const result = read(input)
      if (result.ok) return
      expect(result.problems.length).toBeGreaterThan(0)
      for (const { line, column, problem, hint } of result.problems) {
        expect(line).toBeGreaterThan(0)
        expect(column).toBeGreaterThan(0)
        expect(`${problem}${hint}`).not.toMatch(/\n|undefined|\[object/)
      }
    }
    fc.assert(fc.property(text, check), { numRuns: 500 })
    fc.assert(fc.property(fc.uint8Array(), check), { numRuns: 200 })
  })

  test('never throws for any YAML value', () => {
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.constantFrom('app', 'steps', 'services', 'environments', 'artifact', 'x'),
          fc.jsonValue({ maxDepth: 3 }),
        ),
        (value) => {
          read(stringify(value))
        },
      ),
      { numRuns: 150 },
    )
  })

  const name = fc
    .stringMatching(/^[a-z][a-z0-9-]{0,10}[a-z]$/)
    .filter((text) => !/^(fairlead|constructor|verify-.*)$/.test(text))
  const command = fc
    .string({ minLength: 1, unit: 'grapheme' })
    .map((text) => `x ${text}`.replaceAll('\0', '').trim())
  const env = fc.dictionary(
    fc.stringMatching(/^[A-Z_]{1,8}$/),
    fc.string().map((text) => text.replaceAll('\0', '')),
  )
  const time = fc.constantFrom('30s', '5m', '1h', '1.5m', 45)
  const optional = { requiredKeys: [] as [] }
  const step = fc.oneof(
    command,
    fc.record(
      { run: command, timeout: time, retry: fc.nat(10), env, tools: fc.array(name) },
      { requiredKeys: ['run'] },
    ),
  )
  const service = fc.oneof(
    command,
    fc.record(
      {
        run: command,
        health: fc.constantFrom('/', '/health'),
        env,
        instances: fc.integer({ min: 1, max: 9 }),
      },
      { requiredKeys: ['run'] },
    ),
  )
  const environment = fc.oneof(
    fc.constant(null),
    fc.record(
      {
        env,
        verify: command,
        watch: time,
        strategy: fc.constantFrom('blue-green', 'canary'),
        canary: fc.constantFrom<object>(
          { steps: [1, 2] },
          { ramp: { from: 1, to: 50 }, fresh: true, session: { cookie: 'sid' } },
          {
            metrics: { jobs: { bad: 'failed{queue="a"}', of: 'jobs' }, pay: { route: '/pay' } },
            scrape: '/m',
          },
        ),
      },
      optional,
    ),
  )
  const pulls = fc.oneof(
    fc.boolean(),
    fc.record(
      {
        drafts: fc.boolean(),
        forks: fc.constantFrom('run', 'ask', 'never'),
        preview: fc.oneof(
          fc.boolean(),
          fc.record({ env, lifetime: fc.constantFrom('30m', '3d') }, optional),
        ),
      },
      optional,
    ),
  )
  const some = <T>(value: fc.Arbitrary<T>) => fc.dictionary(name, value, { minKeys: 1, maxKeys: 6 })
  const file = fc.record(
    {
      app: name,
      steps: some(step),
      services: some(service),
      environments: some(environment),
      pull_requests: pulls,
    },
    optional,
  )

  test('reads any valid file in its order', () => {
    fc.assert(
      fc.property(file, (value) => {
        const pipeline = good(stringify(value) === '{}\n' ? 'app:\n' : stringify(value))
        expect(pipeline).toEqual({ app: 'folder', ...pipelineFile.parse(value) })
        for (const key of ['steps', 'services', 'environments'] as const) {
          if (value[key]) expect(Object.keys(pipeline[key])).toEqual(Object.keys(value[key]))
        }
      }),
      { numRuns: 150 },
    )
  })

  test('reads what it wrote as the same file', () => {
    fc.assert(
      fc.property(file, (value) => {
        const first = good(stringify({ app: 'x', ...value }))
        const inSeconds = JSON.parse(JSON.stringify(first), (key, item: unknown) =>
          [
            'timeout',
            'interval',
            'grace',
            'watch',
            'least',
            'most',
            'every',
            'slack',
            'warm',
            'lifetime',
            'wait',
          ].includes(key) && typeof item === 'number'
            ? item / 1000
            : item,
        ) as unknown
        expect(good(stringify(inSeconds))).toEqual(first)
      }),
      { numRuns: 100 },
    )
  })
})
