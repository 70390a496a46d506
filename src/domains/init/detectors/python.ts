import { defineDetector, type ProposedStep } from '../detector.ts'
import { type Folder, parentsOf } from '../folder.ts'
import { firstOf, word } from '../hints.ts'
import { pythonService } from '../python-service.ts'

const manifests = [
  'pyproject.toml',
  'requirements.txt',
  'Pipfile',
  'setup.py',
  'setup.cfg',
  'manage.py',
]
const developers = [
  'requirements-dev.txt',
  'requirements-test.txt',
  'requirements_dev.txt',
  'dev-requirements.txt',
  'test-requirements.txt',
  'requirements/dev.txt',
  'requirements/test.txt',
]

export default defineDetector({
  name: 'Python',
  kind: 'language',
  order: 80,
  example: { 'requirements.txt': 'flask' },
  detect: (folder) => {
    const files = folder.files.filter((path) => path.endsWith('.py'))
    const manifest = firstOf(folder, manifests)
    const isProgram = files.some((path) => !path.includes('/'))
    if (!manifest && !isProgram) return null
    const declared = [
      ...manifests,
      ...developers,
      'requirements/base.txt',
      'requirements/production.txt',
    ]
      .map((path) => folder.read(path))
      .join('\n')
      .toLowerCase()
    const wants = (name: string): boolean =>
      new RegExp(`(^|[\\s"'\\[,=])${name}($|[\\s"'\\[\\],=<>~!;])`, 'm').test(declared)
    const test = testOf(folder, files, wants)
    const extra = [
      ...(test === pytest && !wants('pytest') ? ['pytest'] : []),
      ...(needsUvicorn(wants) ? ['uvicorn'] : []),
    ]
    const install = installOf(folder, extra)
    const program = install ? '.venv/bin/python' : 'python3'
    const { service, found } = pythonService(folder, { program, wants, files })
    const steps: ProposedStep[] = [
      ...(install ? [install] : []),
      ...(test ? [testStep(`${program} ${test}`, test === pytest, install !== null)] : []),
    ]
    return {
      steps,
      services: service ? [service] : [],
      found: [`${manifest ?? files.find((path) => !path.includes('/'))}: Python.`, ...found],
    }
  },
})

/** FastAPI installs no server without its `standard` extra. */
function needsUvicorn(wants: (name: string) => boolean): boolean {
  return (
    (wants('fastapi') || wants('starlette')) &&
    !wants('uvicorn') &&
    !wants('fastapi\\[standard\\]') &&
    !wants('fastapi\\[all\\]')
  )
}

function installOf(folder: Folder, extra: string[]): ProposedStep | null {
  // An editable installation contains paths of the checkout, which the artifact outlives.
  const uv = { name: 'install', tools: ['uv'], comment: 'into .venv' }
  if (folder.has('uv.lock')) return { ...uv, run: 'uv sync --frozen --no-editable' }
  if (
    parentsOf(folder).some((one) =>
      /^\[tool\.uv\.workspace\]/m.test(one.folder.read('pyproject.toml')),
    )
  )
    return { ...uv, run: 'UV_PROJECT_ENVIRONMENT="$PWD/.venv" uv sync --frozen --no-editable' }
  if (folder.has('poetry.lock'))
    return {
      name: 'install',
      run: 'poetry install --no-interaction',
      tools: ['poetry'],
      env: { POETRY_VIRTUALENVS_IN_PROJECT: 'true' },
    }
  if (folder.has('Pipfile.lock'))
    return {
      name: 'install',
      run: 'pipenv sync --dev',
      tools: ['pipenv'],
      env: { PIPENV_VENV_IN_PROJECT: '1' },
    }
  const lists = [
    folder.has('requirements.txt') ? 'requirements.txt' : '',
    firstOf(folder, developers) ?? '',
  ].filter(Boolean)
  const project =
    folder.has('pyproject.toml') &&
    /^\[(project|build-system|tool\.poetry)\]/m.test(folder.read('pyproject.toml'))
  const wanted = [
    ...lists.map((path) => `-r ${word(path)}`),
    ...(lists.length === 0 && (project || folder.has('setup.py'))
      ? [projectWithExtras(folder)]
      : []),
    ...extra,
  ]
  if (wanted.length === 0) return null
  return {
    name: 'install',
    run: `python3 -m venv .venv\n.venv/bin/python -m pip install --quiet ${wanted.join(' ')}\n`,
    tools: ['python3'],
  }
}

/** The project with the extras that its tests usually need. */
function projectWithExtras(folder: Folder): string {
  const text = folder.read('pyproject.toml')
  const section =
    /^\[project\.optional-dependencies\]\n([\s\S]*?)(?=^\[|(?![\s\S]))/m.exec(text)?.[1] ?? ''
  const extras = ['test', 'tests', 'testing', 'dev'].filter((name) =>
    new RegExp(`^${name}\\s*=`, 'm').test(section),
  )
  return extras.length > 0 ? `'.[${extras.join(',')}]'` : '.'
}

const pytest = '-m pytest -q --junitxml=junit.xml'

const testStep = (run: string, isPytest: boolean, isInstalled: boolean): ProposedStep => ({
  ...{ name: 'test', run },
  ...(isInstalled ? {} : { tools: ['python3'] }),
  ...(isPytest ? { reports: ['junit.xml'] } : {}),
})

/** Arguments of the test command: pytest, the runner of Django, or unittest. */
function testOf(folder: Folder, files: string[], wants: (name: string) => boolean): string | null {
  const tests = files.filter((path) => /(^|\/)(test_[^/]*|[^/]*_test|tests)\.py$/.test(path))
  const isPytest =
    wants('pytest') ||
    ['pytest.ini', 'conftest.py', 'tests/conftest.py'].some(folder.has) ||
    tests.some((path) => /^(import|from) pytest|^def test_/m.test(folder.read(path)))
  if (folder.has('manage.py') && !isPytest)
    return tests.length > 0 ? 'manage.py test' : 'manage.py check'
  if (isPytest) return tests.length > 0 ? pytest : null
  if (tests.length === 0) return null
  const below =
    tests.every((path) => path.startsWith('tests/')) && !folder.has('tests/__init__.py')
      ? ' -s tests'
      : ''
  const pattern = tests.every((path) => path.endsWith('_test.py')) ? " -p '*_test.py'" : ''
  return `-m unittest discover${below}${pattern}`
}
