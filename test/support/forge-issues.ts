interface Answer {
  status: number
  body: unknown
}

/** An issue as the server of the tests keeps it. */
export interface KeptIssue {
  number: number
  title: string
  body: string
  due: string | null
  isOpen: boolean
  closed: string | null
  labels: string[]
  comments: string[]
}

interface Forge {
  issues: KeptIssue[]
  labels: string[]
}

interface Asked {
  method: string
  place: string
  /** the query and the body together */
  asked: Record<string, string>
  body: Record<string, unknown>
}

const notFound: Answer = { status: 404, body: { message: 'Not Found' } }
const pageSize = 2

/** Issues by the API of each forge; null when the path is of something else. */
export function answerIssues(forge: Forge, request: Asked): Answer | null {
  const { place } = request
  const gitHub = /^(\/api\/v1)?\/repos\/acme\/shop\/(issues|labels)(?:\/(.+))?$/.exec(place)
  const gitLab = /^\/api\/v4\/projects\/acme\/shop\/issues(?:\/(.+))?$/.exec(place)
  if (gitLab) return ofGitLab(forge, request, gitLab[1] ?? '')
  if (!gitHub) return null
  const isGitea = gitHub[1] !== undefined
  if (gitHub[2] === 'labels') return isGitea ? answerLabels(forge, request) : notFound
  return ofGitHub(forge, request, gitHub[3] ?? '', isGitea)
}

function answerLabels(forge: Forge, { method, asked }: Asked): Answer {
  if (method === 'POST') forge.labels.push(asked['name'] ?? '')
  const all = forge.labels.map((name, i) => ({ id: i + 1, name }))
  return method === 'POST' ? { status: 201, body: all.at(-1) } : page(all, asked, true)
}

const page = (all: unknown[], asked: Record<string, string>, isSmall: boolean): Answer => {
  const size = isSmall ? pageSize : Number(asked['per_page'] ?? 30)
  const from = (Number(asked['page'] ?? 1) - 1) * size
  return { status: 200, body: all.slice(from, from + size) }
}

const written = (one: KeptIssue) => ({
  ...{ number: one.number, title: one.title, body: one.body, due_date: one.due },
  ...{ state: one.isOpen ? 'open' : 'closed', closed_at: one.closed },
  html_url: `https://git.example.com/acme/shop/issues/${one.number}`,
})

function created(forge: Forge, fields: Pick<KeptIssue, 'title' | 'body' | 'due' | 'labels'>) {
  const number = forge.issues.length + 1
  const one = { ...fields, number, isOpen: true, closed: null, comments: [] }
  forge.issues.push(one)
  return one
}

const withLabels = ({ labels }: KeptIssue, more: string[]): string[] => [
  ...new Set([...labels, ...more]),
]

/** Closes or opens an issue, as a person or a client does. */
export function setOpen(one: KeptIssue, isOpen: boolean): void {
  one.closed = isOpen ? null : (one.closed ?? new Date().toISOString())
  one.isOpen = isOpen
}

function ofGitHub(
  forge: Forge,
  { method, asked, body }: Asked,
  rest: string,
  isGitea: boolean,
): Answer {
  const labelsOf = (given: unknown): string[] =>
    (given as (string | number)[]).map((one) =>
      isGitea ? (forge.labels[Number(one) - 1] ?? '') : String(one),
    )
  if (rest === '' && method === 'GET')
    return page(forge.issues.map(written).toReversed(), asked, isGitea)
  if (rest === '') {
    const fields = { title: asked['title'] ?? '', body: asked['body'] ?? '' }
    const labels = labelsOf(body['labels'])
    const one = created(forge, { ...fields, labels, due: asked['due_date'] ?? null })
    return { status: 201, body: written(one) }
  }
  const [number, what, label] = rest.split('/')
  const one = forge.issues.find((issue) => issue.number === Number(number))
  if (!one) return notFound
  if (what === 'comments' && method === 'GET')
    return page(
      one.comments.map((text) => ({ body: text })),
      { per_page: '100', ...asked },
      false,
    )
  if (what === 'comments') one.comments.push(asked['body'] ?? '')
  if (what === 'labels' && method === 'POST') one.labels = withLabels(one, labelsOf(body['labels']))
  if (what === 'labels' && method === 'DELETE') {
    const [name] = labelsOf([label])
    if (!one.labels.includes(name ?? '')) return notFound
    one.labels = one.labels.filter((other) => other !== name)
  }
  if (what === undefined && method === 'PATCH') {
    one.title = asked['title'] ?? one.title
    one.body = asked['body'] ?? one.body
    one.due = asked['due_date'] ?? one.due
    if (asked['state']) setOpen(one, asked['state'] === 'open')
  }
  return { status: 200, body: written(one) }
}

const writtenByGitLab = (one: KeptIssue) => ({
  ...{ id: one.number + 1000, iid: one.number, title: one.title, description: one.body },
  ...{ state: one.isOpen ? 'opened' : 'closed', closed_at: one.closed, due_date: one.due },
  web_url: `https://git.example.com/acme/shop/-/issues/${one.number}`,
})

function ofGitLab(forge: Forge, { method, asked }: Asked, rest: string): Answer {
  if (rest === '' && method === 'GET')
    return { status: 200, body: forge.issues.map(writtenByGitLab).toReversed() }
  if (rest === '') {
    const fields = { title: asked['title'] ?? '', body: asked['description'] ?? '' }
    const labels = (asked['labels'] ?? '').split(',')
    const one = created(forge, { ...fields, labels, due: asked['due_date'] ?? null })
    return { status: 201, body: writtenByGitLab(one) }
  }
  const [number, what] = rest.split('/')
  const one = forge.issues.find((issue) => issue.number === Number(number))
  if (!one) return notFound
  if (what === 'notes' && method === 'GET')
    return { status: 200, body: one.comments.map((text) => ({ body: text })) }
  if (what === 'notes') {
    one.comments.push(asked['body'] ?? '')
    return { status: 201, body: {} }
  }
  if (method === 'PUT') {
    one.title = asked['title'] ?? one.title
    one.body = asked['description'] ?? one.body
    one.due = asked['due_date'] ?? one.due
    if (asked['state_event']) setOpen(one, asked['state_event'] === 'reopen')
    if (asked['add_labels']) one.labels = withLabels(one, [asked['add_labels']])
    one.labels = one.labels.filter((name) => name !== asked['remove_labels'])
  }
  return { status: 200, body: writtenByGitLab(one) }
}
