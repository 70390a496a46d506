import { posix } from 'node:path'
import type { Drift } from '#contract/drift/drift.ts'
import { FairleadError } from '#contract/errors.ts'
import type { Caller } from '#contract/handler.ts'
import type { Deployment } from '#contract/run/run.ts'
import { serviceFiles } from '#domains/configuration/layers.ts'
import { getRelease } from '#domains/deployment/store.ts'
import { readFileOf } from '#domains/source/heads.ts'
import { appendEvent } from '#engine/events.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { commitFile } from '#platform/git/commit-file.ts'
import { type MergedFile, mergeFile } from '#platform/git/merge.ts'
import { comparable } from './check.ts'

const refuse = (why: string): never => {
  throw new FairleadError('not_now', { why })
}

/** Shortest value that is recognised as a secret in a text. */
const leastSecret = 4

/** A template of the live commit that makes a configuration file on disk the declared one. */
interface TakenOver extends MergedFile {
  path: string
  live: Deployment
}

/** Throws a sentence when there is none, or when it would contain a secret. */
export async function mergeDrift(deps: Dependencies, one: Drift): Promise<TakenOver> {
  const { app, environment, service, name } = one
  if (one.kind === 'task')
    return refuse(
      `The task ${name} cannot be taken over: its value may come from a variable, a template or ` +
        `a role; change ${one.place ?? 'the playbook'}`,
    )
  if (one.kind !== 'file' || service === null)
    return refuse(`Only a configuration file can be taken over; ${name} is none`)
  const { live, declared, target } = await comparable(deps, one)
  const release = await getRelease(deps.db, live.release)
  const files = release ? serviceFiles(release.definition, { environment, service }) : {}
  const wanted = declared.services.find((found) => found.name === service)
  const rendered = wanted?.files?.find(({ path }) => path === name)
  const template = files[name]?.template
  if (!release || template === undefined || rendered === undefined)
    return refuse(`${name} is not declared: add it to \`config.files\` in fairlead.yaml`)
  const folder = (await deps.source.stored(app))?.folder ?? '.'
  const path = posix.join(folder, template)
  const ours = await readFileOf(deps.source.bareOf(app), release.sha, path)
  const theirs = await target.drift.read({ app, environment }, { service, name })
  const merged = await mergeFile({ path, ours: ours ?? '', base: rendered.text, theirs })
  if (merged === null)
    return refuse(`${name} was changed in a line of ${path} that contains an expression`)
  const { patch } = merged
  if (patch === '') return refuse(`The text of ${name} is the declared one; its mode is not`)
  const secrets = (wanted?.secrets ?? []).flatMap((secret) => wanted?.env[secret] ?? [])
  if (secrets.some((value) => value.length >= leastSecret && patch.includes(value)))
    return refuse(`The changed lines of ${name} contain a secret`)
  return { ...merged, path, live }
}

/** Whether the repository of an app is one that Fairlead may write to. */
export const isHosted = async ({ source }: Dependencies, app: string): Promise<boolean> =>
  (await source.stored(app))?.repository.kind === 'hosted'

/** Commits the patch to a new branch on top of the live commit, and stores the event. */
export async function takeOver(
  deps: Dependencies,
  one: Drift,
  caller: Caller,
): Promise<{ branch: string; commit: string }> {
  const { id, app, environment, service, name } = one
  if (!(await isHosted(deps, app)))
    return refuse(`The repository of ${app} is not hosted here: apply the patch to it`)
  const { path, text, live } = await mergeDrift(deps, one)
  const branch = `drift-${id}`
  const commit = await commitFile(deps.source.bareOf(app), {
    ...{ branch, parent: live.change.sha, path, text },
    message: `Take over ${name} of ${service} as it is in ${environment}`,
    author: { name: caller.name, email: caller.email ?? 'fairlead@localhost' },
    time: deps.clock.now(),
  })
  if (commit === null) return refuse(`The branch ${branch} exists: merge it, or delete it`)
  await deps.db.batch([
    appendEvent({
      ...{ type: 'dev.cdevents.branch.created', subject: `branch/${branch}` },
      ...{ app, chain: live.change.chain, actor: caller, data: { commit } },
    }),
  ])
  return { branch, commit }
}
