import type { ProposedService } from './detector.ts'
import type { Folder } from './folder.ts'
import { healthIn, portNote, word } from './hints.ts'

export interface Python {
  /** the command for Python: of the environment in .venv, or of the machine */
  program: string
  /** whether a package is a dependency */
  wants(name: string): boolean
  files: string[]
}

interface Found {
  service: ProposedService | null
  found: string[]
}

/** Finds how a Python app is served, by its dependencies and its application object. */
export function pythonService(folder: Folder, python: Python): Found {
  if (folder.has('manage.py')) return django(folder, python)
  const asgi = findApplication(folder, python.files, 'FastAPI|Starlette|Litestar|Quart')
  if (asgi)
    return served(
      folder,
      asgi,
      'an ASGI application',
      `${python.program} -m uvicorn ${asgi.module}:${asgi.variable} --host 127.0.0.1 --port $PORT`,
    )
  const wsgi = findApplication(folder, python.files, 'Flask|Bottle|falcon\\.App')
  if (wsgi) {
    const name = `${wsgi.module}:${wsgi.variable}`
    const called = wsgi.isFactory ? `'${name}()'` : name
    const run = python.wants('gunicorn')
      ? `${python.program} -m gunicorn --bind 127.0.0.1:$PORT ${called}`
      : `${python.program} -m flask --app ${name} run --host 127.0.0.1 --port $PORT`
    const found = served(folder, wsgi, 'a WSGI application', run)
    return python.wants('gunicorn')
      ? found
      : {
          ...found,
          found: [
            ...found.found,
            'The server of Flask is meant for development; ' +
              'for production, add gunicorn to the requirements.',
          ],
        }
  }
  const streamlit = python.files.find((path) =>
    /^import streamlit|^from streamlit/m.test(folder.read(path)),
  )
  if (streamlit)
    return {
      service: {
        name: 'web',
        run:
          `${python.program} -m streamlit run ${word(streamlit)} ` +
          '--server.port $PORT --server.headless true',
      },
      found: [`${streamlit}: a Streamlit app.`],
    }
  return plain(folder, python)
}

function served(folder: Folder, app: Application, what: string, run: string): Found {
  const health = healthIn(folder.read(app.file))
  return {
    service: { name: 'web', run, ...(health ? { health } : {}) },
    found: [`${app.file}: ${what}, \`${app.variable}\`.`],
  }
}

function django(folder: Folder, python: Python): Found {
  const settings = /['"]([A-Za-z_][\w.]*)\.settings/.exec(folder.read('manage.py'))?.[1]
  const note = 'Django: ALLOWED_HOSTS must contain localhost and the host name of each environment.'
  if (settings && python.wants('gunicorn')) {
    return {
      service: {
        name: 'web',
        run: `${python.program} -m gunicorn --bind 127.0.0.1:$PORT ${settings}.wsgi`,
      },
      found: [note],
    }
  }
  const found = [
    note,
    'The server of Django is meant for development; ' +
      'for production, add gunicorn to the requirements.',
  ]
  return {
    service: {
      name: 'web',
      run: `${python.program} manage.py runserver --noreload 127.0.0.1:$PORT`,
    },
    found,
  }
}

/** A file of tests, examples or documentation. */
const isAside = (path: string): boolean =>
  /(^|\/)tests?[/_.]|_test\.py$|(^|\/)(examples?|docs|benchmarks?|samples?|demos?)\//.test(path)

interface Application {
  file: string
  module: string
  variable: string
  isFactory: boolean
}

function findApplication(folder: Folder, files: string[], classes: string): Application | null {
  // A path that is not a module cannot be imported by name.
  const modules = files.filter(
    (path) => /^[A-Za-z_]\w*(\/[A-Za-z_]\w*)*\.py$/.test(path) && !isAside(path),
  )
  const byDepth = modules.toSorted((a, b) => a.split('/').length - b.split('/').length)
  for (const file of byDepth) {
    const text = folder.read(file)
    const variable = new RegExp(
      `^([A-Za-z_]\\w*)(?:\\s*:\\s*[\\w.]+)?\\s*=\\s*(?:\\w+\\.)?(?:${classes})\\(`,
      'm',
    ).exec(text)?.[1]
    const factory = new RegExp(`(?:${classes})\\(`).test(text)
      ? /^def (create_app|make_app)\(/m.exec(text)?.[1]
      : undefined
    const name = variable ?? factory
    if (name)
      return {
        file,
        module: file
          .replace(/\.py$/, '')
          .replace(/\/__init__$/, '')
          .replaceAll('/', '.'),
        variable: name,
        isFactory: !variable,
      }
  }
  return null
}

const startsServer =
  /HTTPServer\(|serve_forever|make_server\(|web\.run_app\(|\.listen\(|app\.run\(|uvicorn\.run\(/

/** A program that starts a server itself. */
function plain(folder: Folder, python: Python): Found {
  const file = [
    'app.py',
    'main.py',
    'server.py',
    'run.py',
    'wsgi.py',
    'src/main.py',
    'src/app.py',
    ...python.files,
  ].find((path) => !isAside(path) && startsServer.test(folder.read(path)))
  if (!file)
    return {
      service: null,
      found: ['No server was found in the Python files; add a service if the app has one.'],
    }
  const health = healthIn(folder.read(file))
  return {
    service: { name: 'web', run: `${python.program} ${word(file)}`, ...(health ? { health } : {}) },
    found: [`${file} starts a server.`, ...portNote(file, folder.read(file))],
  }
}
