import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Asked {
  method: string
  path: string
  authorization: string
  body: Record<string, unknown>
}

export interface Answer {
  status: number
  headers?: Record<string, string>
  body: unknown
}

/** What a forge's API does with results, as its documentation says: kept, and checked as it would. */
export interface ForgeServer {
  url: string
  /** all that was asked, in order */
  asked: Asked[]
  /** by name of the status: every state it had */
  statuses: Map<string, string[]>
  deployments: { id: number; sha: string; environment: string; payload: unknown; states: string[] }[]
  /** answers instead of the forge, while it is set */
  instead: ((asked: Asked) => Answer | null) | null
  stop(): Promise<void>
}

export async function startForge(token: string): Promise<ForgeServer> {
  const server: Server = createServer((request, response) => {
    void bodyOf(request).then((text) => {
      const asked: Asked = {
        method: request.method ?? '',
        path: decodeURIComponent(request.url ?? ''),
        authorization: String(request.headers['authorization'] ?? request.headers['private-token'] ?? ''),
        body: readBody(text),
      }
      forge.asked.push(asked)
      const { status, headers, body } = forge.instead?.(asked) ?? answer(forge, asked, token)
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
    })
  })
  const forge: ForgeServer = {
    url: '',
    asked: [],
    statuses: new Map(),
    deployments: [],
    instead: null,
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  forge.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return forge
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request) text += String(chunk)
  return text
}

const readBody = (text: string): Record<string, unknown> => {
  if (text === '') return {}
  if (text.startsWith('{')) return JSON.parse(text) as Record<string, unknown>
  return Object.fromEntries(new URLSearchParams(text))
}

function answer(forge: ForgeServer, { method, path, authorization, body }: Asked, token: string): Answer {
  if (!authorization.endsWith(token)) return { status: 401, body: { message: 'Bad credentials' } }
  const [place = '', query = ''] = path.split('?')
  const asked = { ...Object.fromEntries(new URLSearchParams(query)), ...body } as Record<string, string>
  const status = (name: string, state: string): Answer => {
    const states = forge.statuses.get(name) ?? []
    forge.statuses.set(name, [...states, state])
    return { status: 201, body: { id: 1, state, context: name, url: '', target_url: '' } }
  }
  const deployment = (state: string[]): Answer => {
    const made = {
      id: forge.deployments.length + 1,
      sha: asked['sha'] ?? asked['ref'] ?? '',
      environment: asked['environment'] ?? '',
      payload: body['payload'],
      states: state,
    }
    forge.deployments.push(made)
    return { status: 201, body: { ...made, status: state[0] } }
  }
  // GitHub and Gitea
  if (/^(\/api\/v1)?\/repos\/acme\/shop\/statuses\/[0-9a-f]{40}$/.test(place) && method === 'POST')
    return status(asked['context'] ?? '', asked['state'] ?? '')
  if (place === '/repos/acme/shop/deployments' && method === 'POST') return deployment([])
  if (place === '/repos/acme/shop/deployments')
    return { status: 200, body: forge.deployments.filter(({ sha }) => sha === asked['sha']) }
  const ofGitHub = /^\/repos\/acme\/shop\/deployments\/(\d+)\/statuses$/.exec(place)
  if (ofGitHub) {
    forge.deployments.find(({ id }) => id === Number(ofGitHub[1]))?.states.push(asked['state'] ?? '')
    return { status: 201, body: {} }
  }
  // GitLab
  if (/^\/api\/v4\/projects\/acme\/shop\/statuses\/[0-9a-f]{40}$/.test(place)) {
    const before = forge.statuses.get(asked['name'] ?? '')?.at(-1)
    if (before === asked['state'])
      return { status: 400, body: { message: `Cannot transition status via :run from :${before}` } }
    return status(asked['name'] ?? '', asked['state'] ?? '')
  }
  if (place === '/api/v4/projects/acme/shop/deployments' && method === 'POST')
    return deployment([asked['status'] ?? ''])
  if (place === '/api/v4/projects/acme/shop/deployments')
    return {
      status: 200,
      body: forge.deployments.map((one) => ({ ...one, status: one.states.at(-1) })),
    }
  const ofGitLab = /^\/api\/v4\/projects\/acme\/shop\/deployments\/(\d+)$/.exec(place)
  if (ofGitLab && method === 'PUT') {
    const one = forge.deployments.find(({ id }) => id === Number(ofGitLab[1]))
    one?.states.push(asked['status'] ?? '')
    return { status: 200, body: one }
  }
  // Bitbucket, in the cloud and on premises
  if (
    /^\/2\.0\/repositories\/acme\/shop\/commit\/[0-9a-f]{40}\/statuses\/build$/.test(place) ||
    /^\/rest\/api\/latest\/projects\/acme\/repos\/shop\/commits\/[0-9a-f]{40}\/builds$/.test(place)
  )
    return status(asked['key'] ?? '', asked['state'] ?? '')
  return { status: 404, body: { message: 'Not Found' } }
}
