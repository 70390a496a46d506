import type { giteaApi } from 'gitea-js'
import { type ForgeIssue, type ForgeIssues, maxPages } from './client.ts'
import { translateErrors } from './gitea-error.ts'
import { readGitHubIssue } from './issue-payload.ts'
import { orNull } from './request.ts'

type Repos = ReturnType<typeof giteaApi>['repos']

/** Gitea keeps only the day, which is this one in most time zones. */
const dueTime = (due: string): string => `${due}T12:00:00Z`

/** The issues of Gitea and Forgejo, whose labels have numbers. */
export function giteaIssues(
  repos: Repos,
  { owner, repo }: { owner: string; repo: string },
): ForgeIssues {
  // The server may return fewer per page than requested: only an empty page ends a list.
  const find = async (marker: string, since: string): Promise<ForgeIssue | null> => {
    for (let page = 1; page <= maxPages; page += 1) {
      const query = { state: 'all' as const, type: 'issues' as const, since, page, limit: 50 }
      const { data } = await repos.issueListIssues(owner, repo, query)
      const found = data.find(({ body }) => body?.includes(marker))
      if (found) return readGitHubIssue(found)
      if (data.length === 0) break
    }
    return null
  }
  const findLabel = async (name: string): Promise<number | null> => {
    for (let page = 1; page <= maxPages; page += 1) {
      const { data } = await repos.issueListLabels(owner, repo, { page, limit: 50 })
      const found = data.find((one) => one.name === name)?.id
      if (found !== undefined) return found
      if (data.length === 0) break
    }
    return null
  }
  const label = async (name: string): Promise<number> => {
    const found = await findLabel(name)
    if (found !== null) return found
    const { data } = await repos.issueCreateLabel(owner, repo, { name, color: '#b45309' })
    return data.id ?? 0
  }
  const setLabel = async (issue: number, name: string, isOn: boolean): Promise<void> => {
    if (isOn) {
      await repos.issueAddLabel(owner, repo, issue, { labels: [await label(name)] })
      return
    }
    const id = await findLabel(name)
    if (id === null) return
    await orNull(() => translateErrors(() => repos.issueRemoveLabel(owner, repo, issue, id)))
  }
  return {
    find: (marker, since) => translateErrors(() => find(marker, since)),
    get: (issue) =>
      orNull(() =>
        translateErrors(async () =>
          readGitHubIssue((await repos.issueGetIssue(owner, repo, issue)).data),
        ),
      ),
    create: ({ title, body, due }, name) =>
      translateErrors(async () => {
        const content = { title, body, due_date: dueTime(due), labels: [await label(name)] }
        return readGitHubIssue((await repos.issueCreateIssue(owner, repo, content)).data)
      }),
    change: (issue, { title, body, due }) =>
      translateErrors(async () => {
        await repos.issueEditIssue(owner, repo, issue, { title, body, due_date: dueTime(due) })
      }),
    setOpen: (issue, isOpen) =>
      translateErrors(async () => {
        await repos.issueEditIssue(owner, repo, issue, { state: isOpen ? 'open' : 'closed' })
      }),
    setLabel: (issue, name, isOn) => translateErrors(() => setLabel(issue, name, isOn)),
    listComments: (issue, since) =>
      translateErrors(async () => {
        const { data } = await repos.issueGetComments(owner, repo, issue, { since })
        return data.map(({ body }) => body ?? '')
      }),
    comment: (issue, body) =>
      translateErrors(async () => {
        await repos.issueCreateComment(owner, repo, issue, { body })
      }),
  }
}
