import { chmod, mkdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { confine, describe, chownTree, userOf } from '#platform/process/isolation.ts'
import { runFolders } from '#platform/home.ts'
import type { Dependencies } from '#flows/dependencies.ts'

/** Whose the files of an app's steps are; null when they are the server's own. */
export const ownerOf = (
  { isolation }: Pick<Dependencies, 'isolation'>,
  app: string,
): number | null =>
  isolation.kind === 'confined' && isolation.means.setpriv !== null ? userOf(app, 'steps') : null

/**
 * Whose steps they are: what a stranger proposes runs as another user than what the app's own do.
 */
export const stepsOf = (app: string, isTrusted: boolean): string =>
  isTrusted ? app : `${app}/pull-requests`

/**
 * Gives a folder that only the server could write so far, and all in it, to the user of the app's
 * steps.
 */
export async function giveToSteps(deps: Dependencies, app: string, folder: string): Promise<void> {
  const owner = ownerOf(deps, app)
  if (owner === null) return
  await chownTree(owner, folder)
}

export interface ConfinedRun {
  app: string
  run: number
  /** its name tells the folders of steps that run at the same time apart */
  step: string
  workspace: string
  cwd: string
  /** files elsewhere that it is told of */
  readable: string[]
  network: boolean
  /** the run of a pull request keeps nothing for others: its HOME goes with it */
  isPullRequest: boolean
  isTrusted: boolean
}

/**
 * The words before a step's command, empty when nothing confines it, and what is in force in a
 * sentence.
 */
export async function confineStep(
  deps: Dependencies,
  wish: ConfinedRun,
): Promise<{ words: string[]; said: string }> {
  const { isolation } = deps
  const user = stepsOf(wish.app, wish.isTrusted)
  const said = describe(isolation, { app: user, network: wish.network })
  if (isolation.kind === 'none') return { words: [], said }
  const home = homeOf(deps, wish)
  await makeHome(deps, user, home)
  const tmp = join(tmpOf(deps, wish.run), wish.step)
  await mkdir(tmp, { recursive: true, mode: 0o700 })
  await chmod(tmp, 0o1777)
  // What the operator lets steps write to, such as the socket of Docker, is not for strangers.
  const place = wish.isTrusted ? isolation.place : { ...isolation.place, writable: [] }
  const words = confine(isolation.means, place, {
    ...wish,
    user: userOf(user, 'steps'),
    isBound: true,
    tmp,
    writable: [wish.workspace, home],
    readable: [join(deps.source.bareOf(wish.app), 'objects'), ...wish.readable],
  })
  return { words, said }
}

/** What steps share as their /tmp, each its own, goes with the workspace. */
export const tmpOf = (deps: Pick<Dependencies, 'home'>, run: number): string =>
  runFolders(deps.home, run).tmp

/**
 * What steps of an app keep in their HOME from run to run; those of a pull request share one until
 * their run has ended.
 */
export const homeOf = (
  deps: Pick<Dependencies, 'home'>,
  of: Pick<ConfinedRun, 'app' | 'run' | 'isPullRequest'>,
): string =>
  of.isPullRequest ? runFolders(deps.home, of.run).home : join(deps.home.root, 'cache', of.app)

async function makeHome(deps: Dependencies, user: string, home: string): Promise<void> {
  await mkdir(home, { recursive: true, mode: 0o700 })
  const owner = ownerOf(deps, user)
  // An installation that ran without isolation before has made it as the server's user.
  if (owner !== null && (await stat(home)).uid !== owner) await giveToSteps(deps, user, home)
}

export async function removeTmp(deps: Pick<Dependencies, 'home'>, run: number): Promise<void> {
  const { tmp, home } = runFolders(deps.home, run)
  await Promise.all(
    [tmp, home].map((folder) =>
      rm(folder, { recursive: true, force: true }).catch(() => undefined),
    ),
  )
}
