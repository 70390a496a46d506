import type { request } from '@octokit/request'
import type { Check } from './client.ts'

type Api = ReturnType<typeof request.defaults>

const conclusions = { success: 'success', failure: 'failure', error: 'cancelled' } as const

/**
 * Creates or updates a check run (https://docs.github.com/rest/checks/runs), which only Apps may
 * write. The external ID finds a check run whose creation was not recorded.
 */
export async function writeCheck(
  api: Api,
  repository: { owner: string; repo: string },
  check: Check,
): Promise<void> {
  const { sha, name, key, state, description, summary, annotations, url } = check
  const { data } = await api('GET /repos/{owner}/{repo}/commits/{ref}/check-runs', {
    ...repository,
    ref: sha,
    check_name: name,
    per_page: 100,
  })
  const existing = data.check_runs.find((one) => one.external_id === key)
  const shared = {
    ...repository,
    details_url: url,
    output: {
      title: description.slice(0, 250),
      summary,
      annotations: annotations.map(toGitHub),
    },
    ...(state === 'pending'
      ? { status: 'in_progress' as const }
      : { status: 'completed' as const, conclusion: conclusions[state] }),
  }
  if (existing)
    await api('PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}', {
      ...shared,
      check_run_id: existing.id,
    })
  else
    await api('POST /repos/{owner}/{repo}/check-runs', {
      ...shared,
      head_sha: sha,
      name,
      external_id: key,
    })
}

const toGitHub = ({ file, line, end, level, title, message }: Check['annotations'][number]) => ({
  path: file,
  start_line: line,
  end_line: end,
  annotation_level: level,
  title: title.slice(0, 250),
  message: message.slice(0, 4000) || title,
})
