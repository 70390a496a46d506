import type { request } from '@octokit/request'
import type { Check } from '../client.ts'

type Ask = ReturnType<typeof request.defaults>

const conclusions = { success: 'success', failure: 'failure', error: 'cancelled' } as const

/**
 * https://docs.github.com/rest/checks/runs; only Apps may write them. One that was made, and not
 * written down, is found by its key.
 */
export async function writeCheck(
  ask: Ask,
  of: { owner: string; repo: string },
  check: Check,
): Promise<void> {
  const { sha, name, key, state, description, summary, annotations, url } = check
  const { data } = await ask('GET /repos/{owner}/{repo}/commits/{ref}/check-runs', {
    ...of,
    ref: sha,
    check_name: name,
    per_page: 100,
  })
  const known = data.check_runs.find((one) => one.external_id === key)
  const shared = {
    ...of,
    details_url: url,
    output: {
      title: description.slice(0, 250),
      summary,
      annotations: annotations.map(({ file, line, end, level, title, message }) => ({
        ...{
          path: file,
          start_line: line,
          end_line: end,
          annotation_level: level,
          title: title.slice(0, 250),
        },
        message: message.slice(0, 4000) || title,
      })),
    },
    ...(state === 'pending'
      ? { status: 'in_progress' as const }
      : { status: 'completed' as const, conclusion: conclusions[state] }),
  }
  if (known)
    await ask('PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}', {
      ...shared,
      check_run_id: known.id,
    })
  else
    await ask('POST /repos/{owner}/{repo}/check-runs', {
      ...shared,
      head_sha: sha,
      name,
      external_id: key,
    })
}
