import { request } from 'node:http'
import { defineSoftware, nothingKnown, notExamined } from '../software.ts'

/** Any other program; one that answers HTTP can report its effective settings. */
export default defineSoftware({
  name: 'app',
  title: 'An app',
  example: ['node', 'server.js'],
  detect: () => false,
  examine: async ({ port, settingsPath, timeoutMs }) => {
    if (settingsPath === undefined) return nothingKnown
    try {
      const settings = flatten(JSON.parse(await get(port, settingsPath, timeoutMs)))
      return { ...nothingKnown, settings }
    } catch (error) {
      return notExamined(`${settingsPath} ${(error as Error).message}`)
    }
  },
})

/** Bytes of the settings of an app. */
const most = 1_000_000

function get(port: number, path: string, timeoutMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path, agent: false }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        text += chunk
        if (text.length > most) sent.destroy(new Error('answers more than 1 MB'))
      })
      response.on('end', () => {
        if (response.statusCode === 200) resolve(text)
        else reject(new Error(`answered ${response.statusCode}`))
      })
    })
    sent.setTimeout(timeoutMs, () => sent.destroy(new Error('did not answer')))
    sent.once('error', reject)
    sent.end()
  })
}

/** The values of a JSON document by path, such as `database.pool`. */
export function flatten(value: unknown, path = ''): Record<string, string> {
  if (typeof value !== 'object' || value === null)
    return { [path || 'value']: typeof value === 'string' ? value : JSON.stringify(value) }
  const entries = Object.entries(value).map(([name, inner]) =>
    flatten(inner, path === '' ? name : `${path}.${name}`),
  )
  return Object.assign({}, ...entries) as Record<string, string>
}
