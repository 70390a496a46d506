import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { answerIssues, type KeptIssue } from './forge-issues.ts'

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

/** A pull request of acme/shop, as the tests have it. */
export interface ForgePull {
  number: number
  title?: string
  state: 'open' | 'merged' | 'closed'
  isDraft?: boolean
  sha: string
  branch: string
  base?: string
  /** OWNER/NAME of its head's repository, when that is another */
  fork?: string
}

/**
 * What a forge's API does with results, as its documentation says: kept, and checked as it would.
 */
export interface ForgeServer {
  url: string
  /** all that was asked, in order */
  asked: Asked[]
  /** by name of the status: every state it had */
  statuses: Map<string, string[]>
  /** what it says of pull requests, and knows of them */
  pulls: ForgePull[]
  deployments: {
    id: number
    sha: string
    environment: string
    payload: unknown
    states: string[]
    isTransient?: boolean
    addresses?: string[]
  }[]
  issues: KeptIssue[]
  /** the labels that the repository has, in the order of their numbers */
  labels: string[]
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
        authorization: String(
          request.headers['authorization'] ?? request.headers['private-token'] ?? '',
        ),
        body: readBody(text),
      }
      forge.asked.push(asked)
      const { status, headers, body } = forge.instead?.(asked) ?? answer(forge, asked, token)
      response
        .writeHead(status, { 'content-type': 'application/json', ...headers })
        .end(JSON.stringify(body))
    })
  })
  const forge: ForgeServer = {
    url: '',
    asked: [],
    statuses: new Map(),
    pulls: [],
    deployments: [],
    issues: [],
    labels: [],
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

function answer(
  forge: ForgeServer,
  { method, path, authorization, body }: Asked,
  token: string,
): Answer {
  if (!authorization.endsWith(token)) return { status: 401, body: { message: 'Bad credentials' } }
  const [place = '', query = ''] = path.split('?')
  const asked = { ...Object.fromEntries(new URLSearchParams(query)), ...body } as Record<
    string,
    string
  >
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
      isTransient: body['transient_environment'] === true,
      addresses: [],
    }
    forge.deployments.push(made)
    return { status: 201, body: { ...made, status: state[0] } }
  }
  const pulls = answerPulls(forge, place, asked)
  if (pulls !== null && method === 'GET') return pulls
  const issues = answerIssues(forge, { method, place, asked, body })
  if (issues !== null) return issues
  // GitHub and Gitea
  if (/^(\/api\/v1)?\/repos\/acme\/shop\/statuses\/[0-9a-f]{40}$/.test(place) && method === 'POST')
    return status(asked['context'] ?? '', asked['state'] ?? '')
  if (place === '/repos/acme/shop/deployments' && method === 'POST') return deployment([])
  if (place === '/repos/acme/shop/deployments')
    return { status: 200, body: forge.deployments.filter(({ sha }) => sha === asked['sha']) }
  const ofGitHub = /^\/repos\/acme\/shop\/deployments\/(\d+)\/statuses$/.exec(place)
  if (ofGitHub) {
    const one = forge.deployments.find(({ id }) => id === Number(ofGitHub[1]))
    one?.states.push(asked['state'] ?? '')
    if (asked['environment_url']) one?.addresses?.push(asked['environment_url'])
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

/** Pages of two, so that a client that reads only the first one fails. */
const pageSize = 2

/** Pull requests by the API of each forge; null when the path is of something else. */
function answerPulls(
  forge: ForgeServer,
  place: string,
  asked: Record<string, string>,
): Answer | null {
  const notFound: Answer = { status: 404, body: { message: 'Not Found' } }
  const open = forge.pulls.filter(({ state }) => state === 'open')
  const ofBase = (base: string | undefined) =>
    open.filter((one) => base === undefined || (one.base ?? 'main') === base)
  const one = (number: string | undefined, write: (pull: ForgePull) => unknown): Answer => {
    const found = forge.pulls.find((pull) => pull.number === Number(number))
    return found ? { status: 200, body: write(found) } : notFound
  }
  const gitHub = /^(?:\/api\/v1)?\/repos\/acme\/shop\/pulls(?:\/(\d+))?$/.exec(place)
  if (gitHub?.[1]) return one(gitHub[1], gitHubPull)
  if (gitHub) {
    // GitHub gives as many as are asked for, Gitea as many as it likes.
    const isGitea = place.startsWith('/api/v1')
    const size = isGitea ? pageSize : Number(asked['per_page'] ?? 30)
    const from = (Number(asked['page'] ?? 1) - 1) * size
    const found = isGitea ? open : ofBase(asked['base'])
    return { status: 200, body: found.slice(from, from + size).map(gitHubPull) }
  }
  const gitLab = /^\/api\/v4\/projects\/acme\/shop\/merge_requests(?:\/(\d+))?$/.exec(place)
  if (gitLab?.[1]) return one(gitLab[1], mergeRequest)
  if (gitLab) {
    const page = Number(asked['page'] ?? 1)
    const all = ofBase(asked['target_branch'])
    const pages = Math.max(1, Math.ceil(all.length / pageSize))
    const headers = {
      'x-page': String(page),
      'x-next-page': page < pages ? String(page + 1) : '',
      'x-total-pages': String(pages),
      'x-per-page': String(pageSize),
      'x-total': String(all.length),
      ...(page < pages
        ? {
            link: `<${forge.url}/api/v4/projects/acme%2Fshop/merge_requests?state=opened&target_branch=main&page=${page + 1}>; rel="next"`,
          }
        : {}),
    }
    return {
      status: 200,
      headers,
      body: all.slice((page - 1) * pageSize, page * pageSize).map(mergeRequest),
    }
  }
  const cloud = /^\/2\.0\/repositories\/acme\/shop\/pullrequests(?:\/(\d+))?$/.exec(place)
  if (cloud?.[1]) return one(cloud[1], cloudPull)
  if (cloud) {
    const page = Number(asked['page'] ?? 1)
    const next =
      page * pageSize < open.length ? { next: `${forge.url}${place}?page=${page + 1}` } : {}
    return {
      status: 200,
      body: { values: open.slice((page - 1) * pageSize, page * pageSize).map(cloudPull), ...next },
    }
  }
  const server =
    /^\/rest\/api\/latest\/projects\/acme\/repos\/shop\/pull-requests(?:\/(\d+))?$/.exec(place)
  if (server?.[1]) return one(server[1], serverPull)
  if (!server) return null
  const start = Number(asked['start'] ?? 0)
  const all = ofBase(asked['at']?.replace('refs/heads/', ''))
  const isLastPage = start + pageSize >= all.length
  const values = all.slice(start, start + pageSize).map(serverPull)
  return {
    status: 200,
    body: { values, isLastPage, nextPageStart: isLastPage ? null : start + pageSize },
  }
}

const gitHubPull = ({
  number,
  title = 'Propose it',
  state,
  isDraft = false,
  sha,
  branch,
  base = 'main',
  fork,
}: ForgePull) => ({
  ...{
    number,
    title,
    draft: isDraft,
    state: state === 'open' ? 'open' : 'closed',
    user: { login: 'grace' },
  },
  html_url: `https://git.example.com/acme/shop/pull/${number}`,
  merged_at: state === 'merged' ? '2026-11-28T10:00:00Z' : null,
  head: {
    ref: branch,
    sha,
    repo: {
      full_name: fork ?? 'acme/shop',
      clone_url: `https://git.example.com/${fork ?? 'acme/shop'}.git`,
    },
  },
  base: {
    ref: base,
    sha: '0'.repeat(40),
    repo: { full_name: 'acme/shop', clone_url: 'https://git.example.com/acme/shop.git' },
  },
})

const mergeRequest = ({
  number,
  title = 'Propose it',
  state,
  isDraft = false,
  sha,
  branch,
  base = 'main',
  fork,
}: ForgePull) => ({
  ...{ id: number + 1000, iid: number, title, draft: isDraft, sha, author: { username: 'grace' } },
  state: state === 'open' ? 'opened' : state,
  ...{
    source_branch: branch,
    target_branch: base,
    source_project_id: fork ? 8 : 7,
    target_project_id: 7,
  },
  web_url: `https://git.example.com/acme/shop/-/merge_requests/${number}`,
})

const cloudPull = ({
  number,
  title = 'Propose it',
  state,
  isDraft = false,
  sha,
  branch,
  base = 'main',
  fork,
}: ForgePull) => {
  const repository = (name: string) => ({
    full_name: name,
    links: { html: { href: `https://git.example.com/${name}` } },
  })
  return {
    ...{ id: number, title, draft: isDraft, author: { nickname: 'grace' } },
    state: state === 'open' ? 'OPEN' : state === 'merged' ? 'MERGED' : 'DECLINED',
    source: {
      branch: { name: branch },
      commit: { hash: sha.slice(0, 12) },
      repository: repository(fork ?? 'acme/shop'),
    },
    destination: { branch: { name: base }, repository: repository('acme/shop') },
    links: { html: { href: `https://git.example.com/acme/shop/pull-requests/${number}` } },
  }
}

const serverPull = ({
  number,
  title = 'Propose it',
  state,
  isDraft = false,
  sha,
  branch,
  base = 'main',
  fork,
}: ForgePull) => {
  const [key = '', slug = ''] = (fork ?? 'acme/shop').split('/')
  return {
    ...{ id: number, title, draft: isDraft, author: { user: { name: 'grace' } } },
    state: state === 'open' ? 'OPEN' : state === 'merged' ? 'MERGED' : 'DECLINED',
    fromRef: { displayId: branch, latestCommit: sha, repository: { slug, project: { key } } },
    toRef: { displayId: base, repository: { slug: 'shop', project: { key: 'acme' } } },
    links: {
      self: [{ href: `https://git.example.com/projects/acme/repos/shop/pull-requests/${number}` }],
    },
  }
}
