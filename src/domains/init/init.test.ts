import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import type { PipelineFile } from '#contract/pipeline-file/pipeline-file.ts'
import { targets } from '#domains/deployment/targets.generated.ts'
import { readPipelineFile } from '#domains/pipeline/file.ts'
import { longTest } from '../../../test/support/scale.ts'
import { proposeFor } from './combine.ts'
import { detectors } from './detectors.generated.ts'
import { folderOf, lookAt } from './folder.ts'
import { proposePipelineFile } from './init.ts'

const isValid = (text: string): boolean =>
  readPipelineFile(text, { file: 'fairlead.yaml', defaultApp: 'app', targets }).ok
const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

function make(files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-init-'))
  folders.push(folder)
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  return folder
}

interface Proposed {
  text: string
  found: string[]
  pipeline: PipelineFile
  steps: Record<string, string>
  /** `run`, or `static FOLDER` */
  services: Record<string, string>
}

async function propose(files: Record<string, string>): Promise<Proposed> {
  return read(await proposePipelineFile(make(files), isValid))
}

function read({ text, found }: { text: string; found: string[] }): Proposed {
  const result = readPipelineFile(text, { file: 'fairlead.yaml', defaultApp: 'app', targets })
  if (!result.ok) throw new Error(`${JSON.stringify(result.problems)}\n${text}`)
  const { pipeline } = result
  return {
    text,
    found,
    pipeline,
    steps: Object.fromEntries(
      Object.entries(pipeline.steps).map(([name, step]) => [name, step.run]),
    ),
    services: Object.fromEntries(
      Object.entries(pipeline.services).map(([name, service]) => [
        name,
        service.run ?? `static ${service.static}`,
      ]),
    ),
  }
}

const json = (value: unknown): string => JSON.stringify(value)

describe.each(detectors.map((detector) => [detector.name, detector] as const))(
  '%s',
  (name, one) => {
    test('recognises its example and no empty folder', () => {
      expect(one.detect(lookAt(make(one.example)))).not.toBeNull()
      expect(one.detect(lookAt(make({})))).toBeNull()
    })

    test('has a name and a place in the order of its own', () => {
      const same = detectors.filter(
        (other) => other.name === name || (other.kind === one.kind && other.order === one.order),
      )
      expect(same).toEqual([one])
    })
  },
)

describe('Node', () => {
  test('a server with scripts', async () => {
    const { steps, services, pipeline, text } = await propose({
      'package.json': json({
        scripts: { build: 'tsc', test: 'node --test', lint: 'oxlint', start: 'node server.js' },
        dependencies: { express: '5' },
      }),
      'package-lock.json': '{}',
      'server.js': "app.get('/healthz', ok); app.listen(process.env.PORT)",
    })
    expect(steps).toMatchObject({
      install: 'npm ci',
      lint: 'npm run lint',
      build: 'npm run build',
      test: 'npm test',
    })
    expect(pipeline.steps['audit']).toMatchObject({
      needs: ['install'],
      optional: true,
      reports: ['audit.json', 'bom.json'],
    })
    expect(pipeline.steps['lint']?.needs).toEqual(['install'])
    expect(pipeline.steps['build']?.needs).toEqual(['install'])
    expect(pipeline.steps['test']?.needs).toBeUndefined()
    expect(services).toEqual({ web: 'node server.js' })
    expect(pipeline.services['web']?.health?.path).toBe('/healthz')
    expect(text.split('\n').length).toBeLessThan(30)
  })

  test.each([
    [{ 'pnpm-lock.yaml': '' }, 'pnpm install --frozen-lockfile', 'pnpm run test'],
    [{ 'yarn.lock': '' }, 'yarn install --frozen-lockfile', 'yarn run test'],
    [{ 'yarn.lock': '', '.yarnrc.yml': '' }, 'yarn install --immutable', 'yarn run test'],
    [{ 'bun.lock': '' }, 'bun install --frozen-lockfile', 'bun run test'],
    [{}, 'npm install --no-audit --no-fund', 'npm test'],
  ])('the package manager by its lock file %#', async (lock, install, run) => {
    const { steps } = await propose({
      'package.json': json({ scripts: { test: 'x' }, dependencies: { a: '1' } }),
      ...(lock as Record<string, string>),
    })
    expect(steps).toEqual({ install, test: run })
  })

  test.each([
    [{ next: '1' }, {}, 'node_modules/.bin/next start --port $PORT'],
    [{ next: '1' }, { 'next.config.mjs': "export default { output: 'export' }" }, 'static out'],
    [{ vite: '1' }, {}, 'static dist'],
    [{ vite: '1', express: '1' }, { 'server.js': 'x.listen(process.env.PORT)' }, 'npm start'],
    [{ 'react-scripts': '1' }, {}, 'static build'],
    [{ '@sveltejs/adapter-node': '1', vite: '1' }, {}, 'HOST=127.0.0.1 node build'],
  ])('frameworks %#', async (dependencies, files, run) => {
    const { services } = await propose({
      'package.json': json({ scripts: { build: 'x', start: 'x start' }, dependencies }),
      ...(files as Record<string, string>),
    })
    expect(services).toEqual({ web: run })
  })

  test("uses the file that listens without a start script, and ignores npm's test placeholder", async () => {
    const { steps, services, found } = await propose({
      'package.json': json({ scripts: { test: 'echo "Error: no test specified" && exit 1' } }),
      'index.js': 'http.createServer().listen(8080)',
    })
    expect(steps).toEqual({})
    expect(services).toEqual({ web: 'node index.js' })
    expect(found).toContain(
      'index.js does not mention PORT; the service must listen on the port in that variable.',
    )
  })

  test('a worker and a smoke test', async () => {
    const { services, pipeline } = await propose({
      'package.json': json({
        scripts: { start: 'node a.js', worker: 'node b.js', smoke: 'node c.js' },
      }),
      'a.js': 'createServer',
    })
    expect(services).toEqual({ web: 'node a.js', worker: 'npm run worker' })
    expect(pipeline.environments['production']?.verify?.run).toBe('npm run smoke')
    expect(pipeline.environments['dev']?.verify).toBeUndefined()
  })
})

describe('Python', () => {
  test('Flask with gunicorn and pytest', async () => {
    const { steps, services, pipeline } = await propose({
      'requirements.txt': 'Flask==3\ngunicorn>=20\n',
      'app.py': "from flask import Flask\napp = Flask(__name__)\n@app.get('/health')\n",
      'tests/test_app.py': 'import pytest\n',
    })
    expect(steps).toEqual({
      install:
        'python3 -m venv .venv\n.venv/bin/python -m pip install --quiet -r requirements.txt pytest',
      test: '.venv/bin/python -m pytest -q --junitxml=junit.xml',
    })
    expect(services).toEqual({ web: '.venv/bin/python -m gunicorn --bind 127.0.0.1:$PORT app:app' })
    expect(pipeline.services['web']?.health?.path).toBe('/health')
  })

  test('a factory without gunicorn', async () => {
    const { services } = await propose({
      'requirements.txt': 'flask',
      'site/__init__.py': 'def create_app():\n  return Flask(__name__)\n',
    })
    expect(services).toEqual({
      web: '.venv/bin/python -m flask --app site:create_app run --host 127.0.0.1 --port $PORT',
    })
  })

  test('FastAPI in a package, from pyproject.toml', async () => {
    const { steps, services } = await propose({
      'pyproject.toml':
        '[project]\nname = "x"\ndependencies = ["fastapi>=0.1"]\n[project.optional-dependencies]\ndev = ["pytest"]\n',
      'api/main.py': 'from fastapi import FastAPI\napi: FastAPI = FastAPI()\n',
    })
    expect(steps['install']).toContain("pip install --quiet '.[dev]' uvicorn")
    expect(services).toEqual({
      web: '.venv/bin/python -m uvicorn api.main:api --host 127.0.0.1 --port $PORT',
    })
  })

  test('Django', async () => {
    const files = {
      'manage.py': "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')",
      'shop/tests.py': '',
    }
    expect((await propose({ ...files, 'requirements.txt': 'django\ngunicorn' })).services).toEqual({
      web: '.venv/bin/python -m gunicorn --bind 127.0.0.1:$PORT shop.wsgi',
    })
    const plain = await propose({ ...files, 'requirements.txt': 'django' })
    expect(plain.services['web']).toContain('manage.py runserver --noreload 127.0.0.1:$PORT')
    expect(plain.steps['test']).toBe('.venv/bin/python manage.py test')
  })

  test('the standard library alone', async () => {
    const { steps, services } = await propose({
      'server.py': "import os\nHTTPServer(('', int(os.environ['PORT'])), H).serve_forever()",
      'test_server.py': 'import unittest',
    })
    expect(steps).toEqual({ test: 'python3 -m unittest discover' })
    expect(services).toEqual({ web: 'python3 server.py' })
  })

  test.each([
    [{ 'uv.lock': '', 'pyproject.toml': '[project]' }, 'uv sync --frozen --no-editable'],
    [{ 'poetry.lock': '', 'pyproject.toml': '[tool.poetry]' }, 'poetry install --no-interaction'],
    [{ 'Pipfile.lock': '', Pipfile: '' }, 'pipenv sync --dev'],
  ])('lock files %#', async (files, install) => {
    expect((await propose(files as Record<string, string>)).steps['install']).toBe(install)
  })
})

describe('other languages', () => {
  test('Go', async () => {
    const { steps, services } = await propose({
      'go.mod': 'module example.com/shop/v2\n',
      'main.go': 'package main\nos.Getenv("PORT")\n"/healthz"',
    })
    expect(steps).toEqual({ build: 'go build -o bin/shop .', test: 'go test ./...' })
    expect(services).toEqual({ web: 'bin/shop' })
    const commands = await propose({
      'go.mod': 'module x',
      'cmd/tool/main.go': 'package main',
      'cmd/server/main.go': 'package main',
    })
    expect(commands.steps['build']).toBe('go build -o bin/server ./cmd/server')
    expect((await propose({ 'go.mod': 'module x', 'x.go': 'package x' })).services).toEqual({})
  })

  test('declares the reports that tools write, where there are tests', async () => {
    const reportsOf = async (files: Record<string, string>) =>
      (await propose(files)).pipeline.steps['test']?.reports
    expect(
      await reportsOf({ 'go.mod': 'module x', 'x.go': 'package x', 'x_test.go': 'package x' }),
    ).toEqual(['tests.json', 'coverage.out'])
    expect(await reportsOf({ 'pom.xml': '', 'core/src/test/java/ShopTest.java': '' })).toEqual([
      '**/target/surefire-reports/TEST-*.xml',
    ])
    expect(await reportsOf({ 'build.gradle': '', 'src/test/kotlin/ShopTest.kt': '' })).toEqual([
      '**/build/test-results/**/TEST-*.xml',
    ])
    expect(await reportsOf({ 'requirements.txt': 'pytest', 'test_a.py': 'import pytest' })).toEqual(
      ['junit.xml'],
    )
    expect(await reportsOf({ 'pom.xml': '' })).toEqual([])
  })

  test('names the folder of each finding', async () => {
    const { found } = await propose({ 'docs/requirements.txt': 'sphinx\n' })
    expect(found).toEqual(
      expect.arrayContaining([expect.stringMatching(/^docs\/requirements\.txt: /)]),
    )
    expect(found).toEqual(expect.arrayContaining([expect.stringMatching(/^docs: No server/)]))
  })

  test('Java with Maven and Gradle, with and without a wrapper', async () => {
    const spring = await propose({
      'pom.xml': '<artifactId>spring-boot-starter-web</artifactId> actuator',
      mvnw: '',
    })
    expect(spring.steps['test']).toBe('sh mvnw --batch-mode --quiet verify')
    expect(spring.services).toEqual({ web: 'java -jar target/*.jar --server.port=$PORT' })
    expect(spring.pipeline.services['web']?.health?.path).toBe('/actuator/health')
    const gradle = await propose({ 'build.gradle.kts': 'plugins { java }' })
    expect(gradle.pipeline.steps['build']?.tools).toEqual(['java', 'gradle'])
    expect(gradle.found.join()).toContain('The start command is unknown')
  })

  test('Ruby: Rack and Rails', async () => {
    const rack = await propose({ Gemfile: 'gem "puma"', 'config.ru': '', 'spec/a_spec.rb': '' })
    expect(rack.steps['test']).toBe('bundle exec rspec')
    expect(rack.services).toEqual({ web: 'bundle exec puma --bind tcp://127.0.0.1:$PORT' })
    const rails = await propose({
      Gemfile: 'gem "rails"',
      'config/application.rb': '',
      'config/routes.rb': 'get "up" => "rails/health#show"',
    })
    expect(rails.pipeline.services['web']).toMatchObject({
      run: 'bundle exec rails server --binding 127.0.0.1 --port $PORT',
      health: { path: '/up' },
    })
  })

  test('PHP', async () => {
    const { steps, services } = await propose({
      'composer.json': json({ 'require-dev': { 'phpunit/phpunit': '11' } }),
      'public/index.php': '',
    })
    expect(steps).toEqual({
      install: 'composer install --no-interaction --no-progress',
      test: 'vendor/bin/phpunit',
    })
    expect(services['web']).toBe(
      'PHP_CLI_SERVER_WORKERS=4 php -S 127.0.0.1:$PORT -t public public/index.php',
    )
  })

  test('Rust', async () => {
    const { steps, services, pipeline } = await propose({
      'Cargo.toml': '[package]\nname = "api"\n[dependencies]\n',
      'Cargo.lock': '',
      'src/main.rs': 'env PORT',
    })
    expect(steps['build']).toBe('cargo build --release --locked')
    expect(services).toEqual({ web: 'target/release/api' })
    expect(pipeline.artifact.exclude).toContain('target/release/deps')
  })

  test('Deno', async () => {
    const { steps, services } = await propose({
      'deno.json': '{"tasks": {"start": "x"}}',
      'a_test.ts': '',
    })
    expect(steps).toEqual({ test: 'deno test --allow-all' })
    expect(services).toEqual({ web: 'deno task start' })
  })
})

describe('any language', () => {
  test('a Makefile', async () => {
    const { steps, services } = await propose({
      Makefile:
        'CC := cc\nall: server\nserver: a.c\n\tcc a.c\ntest: all\nrun: all\n\t./server\nclean:\n',
    })
    expect(steps).toEqual({ build: 'make all', test: 'make test' })
    expect(services).toEqual({ web: 'make run' })
  })

  test('shell scripts, with the shell of their first line', async () => {
    const { steps, services } = await propose({
      'build.sh': '#!/usr/bin/env bash\n',
      'scripts/test.sh': '#!/bin/sh\n',
      'start.sh': 'exec thing --port "$PORT"',
    })
    expect(steps).toEqual({ build: 'bash build.sh', test: 'sh scripts/test.sh' })
    expect(services).toEqual({ web: 'sh start.sh' })
  })

  test('a Procfile, whose web process comes first', async () => {
    const { steps, services } = await propose({
      Procfile: 'my_worker: python worker.py\nweb: gunicorn app:app\nrelease: migrate\n',
      'requirements.txt': 'gunicorn',
      'app.py': '',
    })
    expect(Object.keys(services)).toEqual(['web', 'my-worker'])
    expect(services).toEqual({
      web: '.venv/bin/python -m gunicorn app:app',
      'my-worker': '.venv/bin/python worker.py',
    })
    expect(steps['install']).toContain('requirements.txt')
  })

  test('a Dockerfile: its command where it is simple, and a note about images', async () => {
    const { services, found } = await propose({
      Dockerfile: 'FROM x\nEXPOSE 8000/tcp\nCMD ["python3", "serve.py", \\\n "--port", "8000"]\n',
    })
    expect(services).toEqual({ web: 'python3 serve.py --port $PORT' })
    expect(found[0]).toBe(
      'Dockerfile: images are not built; the commands run directly on the machine.',
    )
    const other = await propose({
      Dockerfile: 'EXPOSE 80\nENTRYPOINT ["/entry.sh"]\n',
      'index.html': '',
    })
    expect(other.services).toEqual({ web: 'static .' })
    expect(other.found.join()).toContain('images are not built')
  })

  test('a static site', async () => {
    expect((await propose({ 'index.html': '' })).services).toEqual({ web: 'static .' })
    const { services, pipeline } = await propose({ 'public/index.html': '', 'src/large.psd': '' })
    expect(services).toEqual({ web: 'static public' })
    expect(pipeline.artifact.include).toEqual(['public'])
  })

  test('two languages: the steps of both, and the service of the one that runs', async () => {
    const { steps, services, pipeline } = await propose({
      'package.json': json({ scripts: { build: 'vite build' }, devDependencies: { vite: '1' } }),
      'package-lock.json': '{}',
      'requirements.txt': 'flask\n',
      'app.py': 'app = Flask(__name__)\n',
      'test_app.py': 'import unittest',
    })
    expect(Object.keys(steps)).toEqual([
      'install',
      'test',
      'node-install',
      'node-build',
      'node-audit',
    ])
    expect(pipeline.steps['node-install']?.needs).toEqual([])
    expect(services['web']).toContain('flask --app app:app')
  })

  test('parts in separate folders', async () => {
    const { steps, services, pipeline, found } = await propose({
      'README.md': '',
      'frontend/package.json': json({
        scripts: { build: 'vite build', lint: 'x' },
        devDependencies: { vite: '1' },
      }),
      'backend/go.mod': 'module api',
      'backend/main.go': 'package main // PORT',
    })
    expect(Object.keys(steps)).toEqual([
      'backend-build',
      'backend-test',
      'frontend-install',
      'frontend-lint',
      'frontend-build',
    ])
    expect(pipeline.steps['frontend-build']).toMatchObject({
      directory: 'frontend',
      needs: ['frontend-install'],
    })
    expect(services).toEqual({ backend: 'bin/api', frontend: 'static frontend/dist' })
    expect(pipeline.services['backend']?.directory).toBe('backend')
    expect(found[0]).toBe('backend/go.mod: Go; the program is in ..')
  })

  longTest('a folder with many files hides neither the root nor other folders', async () => {
    const many = Object.fromEntries(Array.from({ length: 4100 }, (_, i) => [`assets/${i}.txt`, '']))
    const { services } = await propose({ ...many, 'index.html': '' })
    expect(services).toEqual({ web: 'static .' })
    const parts = await propose({
      ...many,
      'shop/go.mod': 'module x',
      'shop/main.go': 'package main // PORT',
    })
    expect(parts.services).toEqual({ shop: 'bin/x' })
  })

  test('every service of several folders that listens gets a port', async () => {
    const { pipeline } = await propose({
      'vote/requirements.txt': 'Flask\ngunicorn',
      'vote/app.py': 'app = Flask(__name__)',
      'result/package.json': json({
        scripts: { start: 'node server.js' },
        dependencies: { express: '4' },
      }),
    })
    expect(pipeline.services['result']?.port).toBeUndefined()
    expect(pipeline.services['vote']?.port).toBe(true)
  })

  test('names the variables of an example file and of the settings of Django', async () => {
    const { found } = await propose({
      '.env.example': '# a comment\nPORT=1\nDATABASE_URL=postgres://x\nexport API_KEY=\n',
      'manage.py': "'shop.settings'",
      'shop/settings.py': "SECRET_KEY = os.environ['SECRET_KEY']\nx = os.environ.get('OPTIONAL')",
    })
    expect(found.at(-1)).toBe(
      'The app wants DATABASE_URL, API_KEY, SECRET_KEY. Set each in every environment, such as ' +
        'with `fairlead secret set APP ENVIRONMENT DATABASE_URL`.',
    )
  })

  test('an empty folder gets a template', async () => {
    const { text, found, pipeline } = await propose({})
    expect(found).toEqual(['Nothing was recognised. Fill in how the app is built, tested and run.'])
    expect(text).toContain('# web:')
    expect(Object.keys(pipeline.environments)).toEqual(['dev', 'staging', 'production'])
  })

  test('a folder that does not exist', async () => {
    expect(read(await proposePipelineFile('/nowhere/at/all', isValid)).steps).toEqual({})
  })
})

describe('hostile repositories', () => {
  test('broken, odd and huge manifests', async () => {
    for (const text of [
      '',
      '{',
      'null',
      '[]',
      '"x"',
      '{"scripts": 7}',
      '{"scripts": {"test": {"a": 1}}, "dependencies": ["x"]}',
      '\u0000\u0001',
      'x'.repeat(3_000_000),
    ]) {
      await propose({
        'package.json': text,
        'pyproject.toml': text,
        'pom.xml': text,
        Procfile: text,
        Dockerfile: text,
        Makefile: text,
        'go.mod': text,
        'Cargo.toml': text,
      })
    }
  })

  test('names with shell syntax', async () => {
    const { services } = await propose({ '; rm -rf $HOME #.py': 'serve_forever', "a'b.py": '' })
    expect(services['web']).toBe("python3 '; rm -rf $HOME #.py'")
  })

  test('links and pipes are not followed', async () => {
    const folder = make({ 'real.txt': '' })
    symlinkSync('/etc', join(folder, 'config'))
    symlinkSync('/etc/passwd', join(folder, 'Procfile'))
    symlinkSync('.', join(folder, 'loop'))
    execFileSync('mkfifo', [join(folder, 'package.json')])
    expect(read(await proposePipelineFile(folder, isValid)).services).toEqual({})
  })

  test.each(['null', 'true', 'false'])('quotes the name %s', async (name) => {
    const { text, found } = await propose({ Procfile: `web: ./server\n${name}: ./work\n` })
    expect(found.join()).not.toContain('could not be written')
    expect(text).toContain(`  "${name}": ./work`)
  })

  test('property: the proposal is valid for any files', async () => {
    const name = fc.constantFrom(
      'package.json',
      'Procfile',
      'Dockerfile',
      'Makefile',
      'requirements.txt',
      'app.py',
      'go.mod',
      'main.go',
      'pom.xml',
      'Gemfile',
      'config.ru',
      'Cargo.toml',
      'src/main.rs',
      'composer.json',
      'index.php',
      'build.sh',
      'run.sh',
      'index.html',
    )
    const nasty = fc.constantFrom(
      ': ',
      '#',
      '"',
      "'",
      '\n',
      '\t',
      '{',
      '}',
      '[',
      '- ',
      '&a',
      '*a',
      '!x',
      '|',
      '>',
      '%',
      '@',
      '`',
      '$(x)',
      '\r',
      '\u2028',
      '\u0085',
      '\u0007',
      'é',
      '~',
      'null',
      'true',
    )
    const text = fc
      .array(fc.oneof(nasty, fc.string({ maxLength: 8 })), { maxLength: 12 })
      .map((parts) => parts.join(''))
    const content = fc.oneof(
      text,
      text.map((value) =>
        json({
          scripts: { start: value, build: value, test: value, worker: value },
          main: value,
          dependencies: { [value]: '1', express: '1' },
        }),
      ),
      text.map(
        (value) =>
          `web: ${value}\nx: ${value}\nCMD ${value}\nEXPOSE 80\n${value}: a\nmodule ${value}\nname = "${value}"\napp = Flask(\npackage main\n`,
      ),
      text.map((value) => `CMD ${json(['run', value])}\nEXPOSE 80`),
    )
    await fc.assert(
      fc.asyncProperty(fc.dictionary(name, content, { maxKeys: 5 }), async (files) => {
        const { found } = await propose(files)
        expect(found.join()).not.toContain('could not be written')
      }),
      { numRuns: 300 },
    )
  })
})

test('the members of a workspace are built after the packages that they need', () => {
  const manifest = (name: string, scripts: string[], needed: string[]): string =>
    JSON.stringify({
      name,
      scripts: Object.fromEntries(scripts.map((one) => [one, 'x'])),
      dependencies: Object.fromEntries(needed.map((one) => [one, '1'])),
    })
  const { steps } = proposeFor(
    folderOf({
      'package.json': '{"workspaces": ["apps/*", "packages/*"]}',
      'package-lock.json': '{}',
      'apps/web/package.json': manifest('web', ['build', 'lint', 'test'], ['ui']),
      'packages/ui/package.json': manifest('ui', ['build'], ['tokens']),
      'packages/tokens/package.json': manifest('tokens', ['build'], ['ui']),
    }),
  )
  expect(Object.fromEntries(steps.map(({ name, needs }) => [name, needs]))).toEqual({
    install: undefined,
    'web-lint': ['tokens-build', 'ui-build'],
    'web-build': ['tokens-build', 'ui-build'],
    'web-test': ['web-build', 'tokens-build', 'ui-build'],
    'tokens-build': ['install'],
    'ui-build': ['install'],
  })
})
