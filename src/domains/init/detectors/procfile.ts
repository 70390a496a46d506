import { defineDetector } from '../detector.ts'

export default defineDetector({
  name: 'Procfile',
  kind: 'any',
  order: 30,
  example: { Procfile: 'web: ./server' },
  detect: (folder) => {
    if (!folder.has('Procfile')) return null
    const entries = [...folder.read('Procfile').matchAll(/^([A-Za-z0-9_-]+):[ \t]*(\S.*)$/gm)].map(
      ([, name = '', run = '']) => ({ name, run: run.trim() }),
    )
    const services = entries
      .filter(({ name }) => name !== 'release')
      .toSorted((a, b) => Number(b.name === 'web') - Number(a.name === 'web'))
    const release = entries.find(({ name }) => name === 'release')
    return {
      steps: [],
      services: services.map(({ name, run }) => ({ name, run: inEnvironment(run, folder.files) })),
      explicit: services.length > 0,
      found: [
        `Procfile: ${services.map(({ name }) => name).join(', ') || 'no processes'}.`,
        ...(release
          ? ['The `release` command is not run; call it from the command of a service or a step.']
          : []),
      ],
    }
  },
})

/** Programs of Python packages that also run as `python -m`. */
const modules = [
  'gunicorn',
  'uvicorn',
  'hypercorn',
  'celery',
  'flask',
  'streamlit',
  'daphne',
  'waitress-serve',
]

/**
 * Calls programs of a Python environment through its interpreter, which works wherever the artifact
 * is unpacked.
 */
function inEnvironment(run: string, files: readonly string[]): string {
  if (!files.some((path) => ['requirements.txt', 'pyproject.toml', 'Pipfile'].includes(path)))
    return run
  return run
    .replace(/^((?:exec\s+|[A-Z_]+=\S+\s+)*)python3?(?=\s)/, '$1.venv/bin/python')
    .replace(
      new RegExp(`^((?:exec\\s+|[A-Z_]+=\\S+\\s+)*)(${modules.join('|')})(?=\\s)`),
      '$1.venv/bin/python -m $2',
    )
}
