import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { ForgeKind } from '#contract/forge.ts'
import type { PullRequest } from '#contract/pull-request.ts'
import { type ForgePull, type ForgeServer, startForge } from './forge-server.ts'
import {
  ask,
  endedRun,
  type Installation,
  makeRepository,
  type Repository,
  startInstallation,
  tinyApp,
  tinyServer,
  waitFor,
} from './installation.ts'

const token = 'forge-token-7c21'
/** Where each kind of forge keeps the head of a pull request. */
const refs: Record<string, (pull: ForgePull) => string> = {
  github: ({ number }) => `refs/pull/${number}/head`,
  gitlab: ({ number }) => `refs/merge-requests/${number}/head`,
  gitea: ({ number }) => `refs/pull/${number}/head`,
  forgejo: ({ number }) => `refs/pull/${number}/head`,
  bitbucket: ({ number }) => `refs/pull-requests/${number}/from`,
  'bitbucket cloud': ({ branch }) => `refs/heads/${branch}`,
}

describe('a pull request', () => {
  let installation: Installation
  let forge: ForgeServer
  let repositories: Repository[] = []
  beforeAll(async () => {
    installation = await startInstallation({ env: { FAIRLEAD_PULLS_SECONDS: '1', FAIRLEAD_POLL_SECONDS: '1' } })
  }, 60_000)
  afterAll(() => installation.stop())
  beforeEach(async () => {
    forge = await startForge(token)
  })
  afterEach(async () => {
    await forge.stop()
    for (const one of repositories) await one.remove()
    repositories = []
  })

  /** An app of a repository with a forge; its branch is delivered before the test begins. */
  const appOf = async (app: string, files: Record<string, string>, kind: string = 'github'): Promise<Repository> => {
    const repository = await makeRepository(files)
    repositories.push(repository)
    const { client } = installation
    await client.createApp({ body: { name: app, repository: { kind: 'path', path: repository.folder } } })
    const isCloud = kind === 'bitbucket cloud'
    const url = `${forge.url}${isCloud ? '/2.0' : ''}`
    const body = { kind: (isCloud ? 'bitbucket' : kind) as ForgeKind, url, repository: 'acme/shop', token }
    await client.putForge({ params: { app }, body })
    await waitFor('the branch is delivered', async () => {
      const { runs } = await client.listRuns({ query: { app, state: 'succeeded' } })
      return runs.some(({ trigger }) => trigger === 'push')
    })
    return repository
  }
  /** Commits what is proposed, on a branch of its own, and puts it where the forge keeps heads. */
  const propose = async (
    repository: Repository,
    pull: Omit<ForgePull, 'sha' | 'state'>,
    files: Record<string, string>,
    kind = 'github',
  ): Promise<string> => {
    const isKnown = (await repository.git('branch', '--list', pull.branch)).trim() !== ''
    await repository.git('checkout', '--quiet', ...(isKnown ? [] : ['-b']), pull.branch)
    const sha = await repository.commit(files, `Propose ${pull.number}`)
    await repository.git('checkout', '--quiet', 'main')
    await repository.git('update-ref', refs[kind]!({ ...pull, sha, state: 'open' }), sha)
    forge.pulls = [...forge.pulls.filter(({ number }) => number !== pull.number), { ...pull, sha, state: 'open' }]
    return sha
  }
  const get = (app: string, number: number): Promise<PullRequest> =>
    installation.client.getPullRequest({ params: { app, number } })
  /** The pull request once its head has run to an end. */
  const ran = async (app: string, number: number, sha: string, isTrusted = true): Promise<PullRequest> => {
    await waitFor(`pull request ${number} has run at ${sha.slice(0, 7)}`, async () => {
      const { run } = await get(app, number)
      const isEnded = run !== null && !['queued', 'running'].includes(run.state)
      return isEnded && run.sha === sha && run.isTrusted === isTrusted
    })
    return get(app, number)
  }
  const log = async (run: number, step: string): Promise<string> => {
    const { lines } = await installation.client.getLog({ params: { run, step } })
    return lines.map(({ text }) => text).join('\n')
  }

  test.each(['github', 'gitlab', 'gitea', 'forgejo', 'bitbucket', 'bitbucket cloud'])(
    'at %s is run when it is opened, told of, run again at its new head, and forgotten when it is merged',
    async (kind) => {
      const app = `at-${kind.replace(' ', '-')}`
      const repository = await appOf(app, tinyApp('one', 'environments: {production: {}}\n'), kind)
      // More than a page of them.
      for (const number of [1, 2]) await propose(repository, { number, branch: `p${number}` }, { a: `${number}` }, kind)
      const sha = await propose(repository, { number: 3, branch: 'feature' }, { 'server.js': tinyServer('two') }, kind)
      const first = await ran(app, 3, sha)
      expect(first).toMatchObject({
        state: 'open',
        title: 'Propose it',
        author: 'grace',
        branch: 'feature',
        fork: null,
      })
      expect(first).toMatchObject({ run: { state: 'succeeded', isTrusted: true }, reason: null, preview: null })
      const good = { gitlab: 'success', bitbucket: 'SUCCESSFUL', 'bitbucket cloud': 'SUCCESSFUL' }[kind] ?? 'success'
      await waitFor('the forge is told', async () => forge.statuses.get('fairlead/pull-request')?.at(-1) === good)

      const next = await propose(repository, { number: 3, branch: 'feature' }, { 'server.js': 'not javascript(' }, kind)
      const second = await ran(app, 3, next)
      expect(second.run).toMatchObject({ state: 'failed' })
      // The line is as it was.
      const { line } = { line: await installation.client.getLine({ params: { app } }) }
      expect(line.environments.map(({ name }) => name)).toEqual(['production'])
      expect(line.environments[0]?.current?.change.branch).toBe('main')
      expect(line.runs.every(({ pullRequest }) => pullRequest === null)).toBe(true)
      expect(line.pullRequests).toEqual({ open: 3, previews: 0 })

      forge.pulls = forge.pulls.map((one) => (one.number === 3 ? { ...one, state: 'merged' as const } : one))
      await waitFor('it is merged', async () => (await get(app, 3)).state === 'merged')
      await waitFor('its head is forgotten', async () => {
        const { stdout } = await bare(app)
        return !stdout.includes('refs/fairlead/pull/3') && stdout.includes('refs/fairlead/pull/2')
      })
    },
    120_000,
  )

  const bare = async (app: string): Promise<{ stdout: string }> => {
    const repository = repositories[0]!
    return { stdout: await repository.git(`--git-dir=${installation.home}/repositories/${app}.git`, 'for-each-ref') }
  }
  void [ask, endedRun, log]
})
