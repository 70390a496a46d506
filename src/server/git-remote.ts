import { may } from '#contract/access/grants.ts'
import type { Access } from '#domains/access/access.ts'
import { pushProblem } from '#domains/source/apps.ts'
import { pushLines } from '#domains/source/change.ts'
import { createGitHttp } from '#domains/source/git-http.ts'
import type { Source } from '#domains/source/source.ts'
import type { Logger } from '#platform/log.ts'

export interface GitRemoteOptions {
  access: Pick<Access, 'authenticate' | 'refusals'>
  source: Pick<Source, 'receive' | 'stored'>
  /** folder of the bare repositories */
  repositories: string
  publicUrl: string
  log: Logger
}

/** The git remote of every app: viewers fetch, developers push, and a push is delivered. */
export function gitRemote(options: GitRemoteOptions): ReturnType<typeof createGitHttp> {
  const { access, source, repositories, publicUrl, log } = options
  return createGitHttp({
    repositories,
    log,
    authorize: async (request, app, wants, address) => {
      const { authorization } = request.headers
      const caller = await access.authenticate({ authorization, address }).catch(() => null)
      const needed = wants === 'write' ? 'developer' : 'viewer'
      if (!caller) return null
      // The token of this machine, or one made with it, may be used by several people.
      const person = caller.user === null ? null : { name: caller.name, email: caller.email }
      if (may(caller, needed, app)) return { ...caller, person, allowed: true }
      await access.refusals.record({
        type: 'dev.cdeventsx.fairlead-request.refused',
        subject: `user/${caller.name}`,
        chain: `user/${caller.name}`,
        actor: caller,
        data: { what: `git ${wants === 'write' ? 'push' : 'fetch'}`, app },
      })
      return { ...caller, person, allowed: false }
    },
    refusePush: async (app) => {
      const stored = await source.stored(app)
      return stored && pushProblem(stored)
    },
    onReceived: async (app, actor, pushes) => {
      const { decision, run } = await source.receive(app, actor, pushes)
      const stored = await source.stored(app)
      return stored ? pushLines(decision, stored, run, publicUrl) : []
    },
  })
}
