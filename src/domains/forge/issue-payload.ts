import { z } from 'zod'
import type { ForgeIssue } from './client.ts'

const page = z
  .url({ protocol: /^https?$/ })
  .max(1000)
  .nullable()
  .catch(null)
const closed = z.iso.datetime({ offset: true }).nullable().catch(null)
const number = z.number().int().positive()

const gitHubIssue = z.object({ number, html_url: page, state: z.string(), closed_at: closed })

/** Reads an issue of GitHub, Gitea or Forgejo. Throws a ZodError. */
export function readGitHubIssue(json: unknown): ForgeIssue {
  const { number: found, html_url: url, state, closed_at: at } = gitHubIssue.parse(json)
  const isOpen = state !== 'closed'
  return { number: found, url, isOpen, closed: isOpen ? null : at }
}

const gitLabIssue = z.object({ iid: number, web_url: page, state: z.string(), closed_at: closed })

/** Reads an issue of GitLab. Throws a ZodError. */
export function readGitLabIssue(json: unknown): ForgeIssue {
  const { iid, web_url: url, state, closed_at: at } = gitLabIssue.parse(json)
  const isOpen = state !== 'closed'
  return { number: iid, url, isOpen, closed: isOpen ? null : at }
}
