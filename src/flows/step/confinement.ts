import { chmod, mkdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { writeAccount } from '#platform/process/account.ts'
import type { CommandLimits } from '#platform/process/command.ts'
import {
  confine,
  type Confinement,
  describe,
  chownTree,
  unconfined,
  userOf,
} from '#platform/process/isolation.ts'
import { runFolders } from '#platform/home.ts'
import type { Dependencies } from '#flows/dependencies.ts'

/** The uid that owns the files of an app's steps; null for the user of the server. */
export const ownerOf = (
  { isolation }: Pick<Dependencies, 'isolation'>,
  app: string,
): number | null =>
  isolation.kind === 'confined' && isolation.tools.setpriv !== null ? userOf(app, 'steps') : null

/** The name that steps are isolated by: untrusted code runs as another user than trusted steps. */
export const stepsOf = (app: string, isTrusted: boolean): string =>
  isTrusted ? app : `${app}/pull-requests`

/** Changes the owner of a folder and its contents to the user of the steps. */
export async function chownToSteps(deps: Dependencies, app: string, folder: string): Promise<void> {
  const owner = ownerOf(deps, app)
  if (owner === null) return
  await chownTree(owner, folder)
}

export interface ConfinedRun {
  app: string
  run: number
  /** its name separates the folders of steps that run in parallel */
  step: string
  workspace: string
  cwd: string
  /** files outside the workspace that the step may read */
  readable: string[]
  network: boolean
  /** the HOME of a pull request is removed with its run */
  isPullRequest: boolean
  isTrusted: boolean
}

export interface StepConfinement {
  confined: Confinement
  /** left out without isolation */
  limits?: CommandLimits
  /** the isolation that is in force */
  description: string
}

/** How the commands of a step are confined and limited. */
export async function confineStep(
  deps: Dependencies,
  request: ConfinedRun,
): Promise<StepConfinement> {
  const { isolation } = deps
  const user = stepsOf(request.app, request.isTrusted)
  const description = describe(isolation, { app: user, network: request.network })
  if (isolation.kind === 'none') return { confined: unconfined, description }
  const home = homeOf(deps, request)
  await makeHome(deps, user, home)
  const tmp = join(tmpOf(deps, request.run), request.step)
  await mkdir(tmp, { recursive: true, mode: 0o700 })
  await chmod(tmp, 0o1777)
  // Untrusted code gets none of the operator's writable paths, such as the socket of Docker.
  const policy = request.isTrusted ? isolation.policy : { ...isolation.policy, writable: [] }
  const confined = confine(isolation.tools, policy, {
    ...request,
    user: userOf(user, 'steps'),
    account: writeAccount(isolation.tools, { user: userOf(user, 'steps'), home, place: tmp }),
    isBound: true,
    tmp,
    writable: [request.workspace, home],
    readable: [join(deps.source.bareOf(request.app), 'objects'), ...request.readable],
  })
  const limits = {
    memory: policy.memory,
    disk: policy.disk,
    // HOME of an app is kept and grows, so that it does not count.
    folders: [request.workspace, tmp, ...(request.isPullRequest ? [home] : [])],
  }
  return { confined, limits, description }
}

/** Folder with the /tmp of each step of a run. */
export const tmpOf = (deps: Pick<Dependencies, 'home'>, run: number): string =>
  runFolders(deps.home, run).tmp

/** HOME of steps: one per app, kept between runs; one per run for pull requests. */
export const homeOf = (
  deps: Pick<Dependencies, 'home'>,
  { app, run, isPullRequest }: Pick<ConfinedRun, 'app' | 'run' | 'isPullRequest'>,
): string => (isPullRequest ? runFolders(deps.home, run).home : join(deps.home.root, 'cache', app))

async function makeHome(deps: Dependencies, user: string, home: string): Promise<void> {
  await mkdir(home, { recursive: true, mode: 0o700 })
  const owner = ownerOf(deps, user)
  // Without isolation, an earlier version of the installation created it as the server's user.
  if (owner !== null && (await stat(home)).uid !== owner) await chownToSteps(deps, user, home)
}

/** Removes the temporary folders of a run. */
export async function removeTmp(deps: Pick<Dependencies, 'home'>, run: number): Promise<void> {
  const { tmp, home } = runFolders(deps.home, run)
  await Promise.all(
    [tmp, home].map((folder) =>
      rm(folder, { recursive: true, force: true }).catch(() => undefined),
    ),
  )
}
