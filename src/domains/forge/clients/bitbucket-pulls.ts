import type { ForgePullRequest } from '#contract/pull-request/pull-request.ts'
import { z } from 'zod'
import { line } from '../client.ts'

const cloudEnd = z.object({
  branch: z.object({ name: z.string().max(300) }),
  repository: z
    .object({
      full_name: z.string().max(300),
      links: z.object({ html: z.object({ href: z.string().max(1000) }) }).nullish(),
    })
    .nullish(),
})
const cloudPull = z.object({
  id: z.number().int().positive(),
  title: line,
  state: z.string(),
  draft: z.boolean().nullish(),
  author: z.object({ nickname: line.optional(), display_name: line.optional() }).nullish(),
  source: cloudEnd,
  destination: cloudEnd,
  links: z.object({ html: z.object({ href: z.string().max(1000) }) }).nullish(),
})

const serverEnd = z.object({
  displayId: z.string().max(300),
  repository: z.object({
    slug: z.string().max(300),
    project: z.object({ key: z.string().max(300) }),
  }),
})
const serverPull = z.object({
  id: z.number().int().positive(),
  title: line,
  state: z.string(),
  draft: z.boolean().nullish(),
  author: z.object({ user: z.object({ name: line }) }).nullish(),
  fromRef: serverEnd,
  toRef: serverEnd,
  links: z.object({ self: z.array(z.object({ href: z.string().max(1000) })) }).nullish(),
})

const stateOf = (state: string): ForgePullRequest['state'] =>
  state === 'OPEN' ? 'open' : state === 'MERGED' ? 'merged' : 'closed'

/** Cloud keeps no ref for a head: it is the branch, of a fork that of the fork's repository. */
export function readCloudPull(given: unknown): ForgePullRequest {
  const one = cloudPull.parse(given)
  const { source, destination } = one
  const name = source.repository?.full_name
  const isOwn = name !== undefined && name === destination.repository?.full_name
  return {
    number: one.id,
    title: one.title,
    author: one.author?.nickname ?? one.author?.display_name ?? 'unknown',
    state: stateOf(one.state),
    isDraft: one.draft ?? false,
    branch: source.branch.name,
    fork: isOwn ? null : (source.repository?.links?.html.href ?? 'a repository that is gone'),
    base: destination.branch.name,
    ref: `refs/heads/${source.branch.name}`,
    url: one.links?.html.href ?? null,
  }
}

export function readServerPull(given: unknown): ForgePullRequest {
  const one = serverPull.parse(given)
  const nameOf = ({ repository }: z.output<typeof serverEnd>): string =>
    `${repository.project.key}/${repository.slug}`
  const [from, to] = [nameOf(one.fromRef), nameOf(one.toRef)]
  return {
    number: one.id,
    title: one.title,
    author: one.author?.user.name ?? 'unknown',
    state: stateOf(one.state),
    isDraft: one.draft ?? false,
    branch: one.fromRef.displayId,
    fork: from === to ? null : from,
    base: one.toRef.displayId,
    ref: `refs/pull-requests/${one.id}/from`,
    url: one.links?.self[0]?.href ?? null,
  }
}
