import { chmod, mkdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { confine, describe, giveTo, userOf } from '#platform/isolation.ts'
import type { World } from './world.ts'

/** Whose the files of an app's steps are; null when they are the server's own. */
export const ownerOf = ({ isolation }: Pick<World, 'isolation'>, app: string): number | null =>
  isolation.kind === 'confined' && isolation.means.setpriv !== null ? userOf(app, 'steps') : null

/** Gives a folder that only the server could write so far, and all in it, to the user of the app's steps. */
export async function giveToSteps(world: World, app: string, folder: string): Promise<void> {
  const owner = ownerOf(world, app)
  if (owner === null) return
  await giveTo(owner, folder)
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
}

/** The words before a step's command, empty when nothing confines it, and what is in force in a sentence. */
export async function confineStep(world: World, wish: ConfinedRun): Promise<{ words: string[]; said: string }> {
  const { isolation } = world
  const said = describe(isolation, wish)
  if (isolation.kind === 'none') return { words: [], said }
  const home = await homeOf(world, wish.app)
  const tmp = join(tmpOf(world, wish.run), wish.step)
  await mkdir(tmp, { recursive: true, mode: 0o700 })
  await chmod(tmp, 0o1777)
  const words = confine(isolation.means, isolation.place, {
    ...wish,
    user: userOf(wish.app, 'steps'),
    isBound: true,
    tmp,
    writable: [wish.workspace, home],
    readable: [join(world.source.bareOf(wish.app), 'objects'), ...wish.readable],
  })
  return { words, said }
}

/** What steps share as their /tmp, each its own, goes with the workspace. */
export const tmpOf = (world: Pick<World, 'home'>, run: number): string => join(world.home.runs, String(run), 'tmp')

/** What steps of an app keep in their HOME from run to run. */
async function homeOf(world: World, app: string): Promise<string> {
  const home = join(world.home.root, 'cache', app)
  await mkdir(home, { recursive: true, mode: 0o700 })
  const owner = ownerOf(world, app)
  // An installation that ran without isolation before has made it as the server's user.
  if (owner !== null && (await stat(home)).uid !== owner) await giveToSteps(world, app, home)
  return home
}

export const removeTmp = (world: Pick<World, 'home'>, run: number): Promise<void> =>
  rm(tmpOf(world, run), { recursive: true, force: true }).catch(() => undefined)
