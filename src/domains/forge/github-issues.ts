import type { request } from '@octokit/request'
import { type ForgeIssue, type ForgeIssues, maxPages } from './client.ts'
import { translateErrors } from './github-error.ts'
import { readGitHubIssue } from './issue-payload.ts'
import { orNull } from './request.ts'

type Api = ReturnType<typeof request.defaults>

/** https://docs.github.com/rest/issues. GitHub has no due dates: the body contains it. */
export function gitHubIssues(api: Api, repository: { owner: string; repo: string }): ForgeIssues {
  /** Pull requests are in the list, too. */
  const find = async (marker: string, since: string): Promise<ForgeIssue | null> => {
    const query = { ...repository, state: 'all' as const, since, per_page: 100 }
    for (let page = 1; page <= maxPages; page += 1) {
      const { data } = await api('GET /repos/{owner}/{repo}/issues', { ...query, page })
      const found = data.find((one) => !one.pull_request && one.body?.includes(marker))
      if (found) return readGitHubIssue(found)
      if (data.length < 100) break
    }
    return null
  }
  const listComments = async (issue: number, since: string): Promise<string[]> => {
    const query = { ...repository, issue_number: issue, since, per_page: 100 }
    const path = 'GET /repos/{owner}/{repo}/issues/{issue_number}/comments'
    const texts: string[] = []
    for (let page = 1; page <= maxPages; page += 1) {
      const { data } = await api(path, { ...query, page })
      texts.push(...data.map(({ body }) => body ?? ''))
      if (data.length < 100) break
    }
    return texts
  }
  const patch = (issue: number, fields: object) =>
    translateErrors(async () => {
      const path = 'PATCH /repos/{owner}/{repo}/issues/{issue_number}'
      await api(path, { ...repository, issue_number: issue, ...fields })
    })
  const removeLabel = (issue: number, name: string) => {
    const path = 'DELETE /repos/{owner}/{repo}/issues/{issue_number}/labels/{name}'
    return api(path, { ...repository, issue_number: issue, name })
  }
  return {
    find: (marker, since) => translateErrors(() => find(marker, since)),
    get: (issue) =>
      orNull(() =>
        translateErrors(async () => {
          const path = 'GET /repos/{owner}/{repo}/issues/{issue_number}'
          return readGitHubIssue((await api(path, { ...repository, issue_number: issue })).data)
        }),
      ),
    create: ({ title, body }, label) =>
      translateErrors(async () => {
        const content = { title, body, labels: [label] }
        const { data } = await api('POST /repos/{owner}/{repo}/issues', {
          ...{ ...repository, ...content },
        })
        return readGitHubIssue(data)
      }),
    change: (issue, { title, body }) => patch(issue, { title, body }),
    setOpen: (issue, isOpen) =>
      patch(
        issue,
        isOpen
          ? { state: 'open', state_reason: 'reopened' }
          : { state: 'closed', state_reason: 'completed' },
      ),
    setLabel: async (issue, name, isOn) => {
      if (!isOn) return void (await orNull(() => translateErrors(() => removeLabel(issue, name))))
      await translateErrors(() =>
        api('POST /repos/{owner}/{repo}/issues/{issue_number}/labels', {
          ...{ ...repository, issue_number: issue, labels: [name] },
        }),
      )
    },
    listComments: (issue, since) => translateErrors(() => listComments(issue, since)),
    comment: (issue, body) =>
      translateErrors(async () => {
        const path = 'POST /repos/{owner}/{repo}/issues/{issue_number}/comments'
        await api(path, { ...repository, issue_number: issue, body })
      }),
  }
}
