import type { Gitlab } from '@gitbeaker/rest'
import { type ForgeIssues, maxPages } from './client.ts'
import { readGitLabIssue } from './issue-payload.ts'
import { orNull } from './request.ts'

/** https://docs.gitlab.com/api/issues and https://docs.gitlab.com/api/notes */
export function gitLabIssues(api: InstanceType<typeof Gitlab>, repository: string): ForgeIssues {
  return {
    find: async (marker, since) => {
      const order = { orderBy: 'created_at' as const, sort: 'desc' as const }
      const recent = await api.Issues.all({
        ...{ projectId: repository, createdAfter: since, ...order, perPage: 100, maxPages },
      })
      const found = recent.find(({ description }) => description?.includes(marker))
      return found ? readGitLabIssue(found) : null
    },
    get: (issue) =>
      orNull(async () => readGitLabIssue(await api.Issues.show(issue, { projectId: repository }))),
    create: async ({ title, body, due }, label) =>
      readGitLabIssue(
        await api.Issues.create(repository, title, {
          ...{ description: body, dueDate: due, labels: label },
        }),
      ),
    change: async (issue, { title, body, due }) => {
      const content = { title, description: body, dueDate: due }
      await api.Issues.edit(repository, issue, content)
    },
    setOpen: async (issue, isOpen) => {
      await api.Issues.edit(repository, issue, { stateEvent: isOpen ? 'reopen' : 'close' })
    },
    setLabel: async (issue, label, isOn) => {
      await api.Issues.edit(
        repository,
        issue,
        isOn ? { addLabels: label } : { removeLabels: label },
      )
    },
    listComments: async (issue) => {
      // GitLab has no `since` for notes: the newest 200 are enough for what was just written.
      const order = { orderBy: 'created_at' as const, sort: 'desc' as const }
      const pages = { perPage: 100, maxPages: 2 }
      const notes = await api.IssueNotes.all(repository, issue, { ...order, ...pages })
      return notes.map(({ body }) => body)
    },
    comment: async (issue, text) => {
      await api.IssueNotes.create(repository, issue, text)
    },
  }
}
