import { z } from 'zod'
import { name } from '#contract/app/app.ts'
import { hostCommand } from '#contract/job/host.ts'
import type { Route } from '../route.ts'
import type { Commands } from './commands.ts'

/** The path of a command in the host's API. */
export const commandPlace = z.object({
  app: name,
  environment: name,
  key: z.string().regex(/^[a-z0-9-]{1,80}$/),
})
const read = z.object({
  after: z.coerce.number().int().min(0).default(0),
  wait: z.coerce.number().min(0).max(60_000).default(0),
})

/** The part of the host's API that runs commands. */
export function commandRoutes(commands: Commands, base: string): Route[] {
  const path = `${base}/commands/:key`
  return [
    [
      'PUT',
      path,
      async (match, _query, body) =>
        commands.start(commandPlace.parse(match), hostCommand.parse(body)),
    ],
    ['GET', path, async (match) => commands.look(commandPlace.parse(match))],
    [
      'GET',
      `${path}/output`,
      async (match, query) => {
        const { after, wait } = read.parse(Object.fromEntries(query))
        return commands.output(commandPlace.parse(match), after, wait)
      },
    ],
    ['POST', `${path}/stop`, async (match) => commands.stop(commandPlace.parse(match))],
    ['DELETE', path, async (match) => commands.remove(commandPlace.parse(match))],
  ]
}
