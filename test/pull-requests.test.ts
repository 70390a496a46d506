import { mkdtempSync, rmSync } from 'node:fs'
import { chmod, readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { endedRun } from './support/app.ts'
import { type Installation, startInstallation } from './support/installation.ts'
import { tinyApp, tinyServer } from './support/repository.ts'
import { waitFor } from './support/wait.ts'
import { type Proposing, startProposing } from './support/pull-request.ts'
import { isLong, longTest } from './support/scale.ts'

describe('a pull request', () => {
  let installation: Installation
  let started: Proposing[] = []
  /** Where the operator lets steps write to, as the socket of Docker would be. */
  const shared = mkdtempSync(join(tmpdir(), 'fairlead-shared-'))
  beforeAll(async () => {
    await chmod(shared, 0o777)
    const env = {
      FAIRLEAD_PULLS_SECONDS: '0.4',
      FAIRLEAD_WRITE_BACK_SECONDS: '0.2',
      FAIRLEAD_POLL_SECONDS: '0.4',
      FAIRLEAD_ISOLATION_WRITE: shared,
    }
    installation = await startInstallation({ env })
  }, 60_000)
  afterAll(async () => {
    await installation.stop()
    rmSync(shared, { recursive: true, force: true })
  })
  afterEach(async () => {
    for (const one of started) await one.remove()
    started = []
  })
  const start = async (
    ...args: [string, Record<string, string>, { kind?: string; isConnected?: boolean }?]
  ) => {
    const one = await startProposing(installation, ...args)
    started.push(one)
    return one
  }
  const refsOf = async ({ app, repository }: Proposing): Promise<string> =>
    repository.git(`--git-dir=${installation.home}/repositories/${app}.git`, 'for-each-ref')
  const eventsOf = async (app: string): Promise<string[]> =>
    (await installation.client.listEvents({ query: { app, limit: 500 } })).events.map(
      ({ type, subject }) => `${type} ${subject}`,
    )

  // The others keep heads and send reports as one of these does; see `src/domains/forge`.
  const others = isLong ? ['gitlab', 'gitea', 'forgejo', 'bitbucket', 'bitbucket cloud'] : []
  test.each(['github', ...others])(
    'at %s runs, is reported, runs again for a new head, and is cleaned up after the merge',
    async (kind) => {
      const app = `at-${kind.replace(' ', '-')}`
      const at = await start(
        app,
        tinyApp('one', 'environments: {production: {}}\npull_requests: {drafts: false}\n'),
        {
          kind,
        },
      )
      // More than a page of them.
      for (const number of [1, 2])
        await at.propose({ number, branch: `p${number}`, isDraft: true }, {})
      const sha = await at.propose(
        { number: 3, branch: 'feature' },
        { 'server.js': tinyServer('two') },
      )
      const first = await at.ran(3, sha)
      expect(first).toMatchObject({
        state: 'open',
        title: 'Propose it',
        author: 'grace',
        branch: 'feature',
        fork: null,
      })
      expect(first).toMatchObject({
        run: { state: 'succeeded', isTrusted: true },
        reason: null,
        preview: null,
      })
      const isBitbucket = kind.startsWith('bitbucket')
      await waitFor(
        'the forge has the report',
        async () =>
          at.forge.statuses.get('fairlead/pull-request')?.at(-1) ===
          (isBitbucket ? 'SUCCESSFUL' : 'success'),
      )

      const next = await at.propose(
        { number: 3, branch: 'feature' },
        { 'server.js': 'not javascript(' },
      )
      expect((await at.ran(3, next)).run).toMatchObject({ state: 'failed' })
      // The line is as it was.
      const line = await installation.client.getLine({ params: { app } })
      expect(line.environments.map(({ name, current }) => [name, current?.change.branch])).toEqual([
        ['production', 'main'],
      ])
      expect(line.runs.map(({ trigger }) => trigger)).toEqual(['push'])
      expect(line.pullRequests).toEqual({ open: 3, previews: 0 })

      at.say(1, { state: 'closed' })
      await waitFor('a draft is closed', async () => (await at.get(1)).state === 'closed')
      at.say(3, { state: 'merged' })
      await waitFor('it is merged', async () => (await at.get(3)).state === 'merged')
      await waitFor('its head is forgotten', async () => {
        const refs = await refsOf(at)
        return !refs.includes('refs/fairlead/pull/3') && refs.includes('refs/fairlead/pull/2')
      })
      const events = await eventsOf(app)
      for (const what of ['created', 'updated', 'merged'])
        expect(events).toContain(`dev.cdevents.change.${what} pull-request/3`)
      expect(events).toContain('dev.cdevents.change.abandoned pull-request/1')
    },
    120_000,
  )

  const isOpen = async (run: number): Promise<boolean> =>
    (await installation.client.getRun({ params: { run } })).ended === null

  longTest(
    'is superseded by its newer head only, never by the branch',
    async () => {
      const slow =
        'steps: {wait: {run: sleep 300, when: pull_request}, test: "true"}\nenvironments: {production: {}}\n'
      const at = await start('superseded', { 'fairlead.yaml': slow })
      await at.propose({ number: 1, branch: 'one' }, { a: '1' })
      await waitFor('its head runs', async () => (await at.get(1)).run?.state === 'running')
      const first = (await at.get(1)).run!.id
      // The branch goes on meanwhile.
      const sha = await at.repository.commit({ b: '1' })
      await waitFor('the branch is delivered', async () => {
        const { runs } = await installation.client.listRuns({
          query: { app: 'superseded', state: 'succeeded' },
        })
        return runs.some(({ change }) => change.sha === sha)
      })
      expect(await isOpen(first)).toBe(true)
      await at.propose({ number: 2, branch: 'two' }, { a: '2' })
      await waitFor('the other one runs', async () => (await at.get(2)).run?.state === 'running')
      expect(await isOpen(first)).toBe(true)

      const newer = await at.propose({ number: 1, branch: 'one' }, { a: '3' })
      await waitFor('the newer head runs', async () => (await at.get(1)).run?.sha === newer)
      const { state, reason } = await endedRun(installation, first)
      expect([state, reason]).toEqual([
        'superseded',
        expect.stringMatching(/^(run \d+|a newer head) replaced it$/),
      ])
      const second = (await at.get(1)).run!.id
      at.say(1, { state: 'closed' })
      const end = await endedRun(installation, second)
      expect([end.state, end.reason]).toEqual(['cancelled', 'it was closed'])
      expect((await at.get(1)).closed).not.toBeNull()
      // Opened again it is run again, though its head is the same.
      at.say(1, { state: 'open' })
      await waitFor('it runs again', async () => ((await at.get(1)).run?.id ?? 0) > second)
      for (const number of [1, 2]) at.say(number, { state: 'closed' })
      await waitFor('all have ended', async () => {
        const { runs } = await installation.client.listRuns({
          query: { app: 'superseded', state: 'running' },
        })
        return runs.length === 0
      })
    },
    120_000,
  )

  longTest(
    'from a fork gets no secret, cache or socket until its commit is approved',
    async () => {
      const yaml = (more: string): string => `
steps:
  test:
    run: |
      echo "secret has \${#API_KEY} characters"
      echo "home is $HOME, user $(id -u), in it: $(ls $HOME)"
      echo "kept: $(cat kept/note 2>/dev/null || echo nothing)"
      touch ${shared}/$FAIRLEAD_RUN 2>/dev/null && echo "the shared folder is open" || echo "the shared folder is closed"
      mkdir -p kept; echo "of run $FAIRLEAD_RUN" > kept/note; echo poison > $HOME/poison
    secrets: [API_KEY]
    cache: { paths: kept, key: key.txt }
${more}`
      const line = 'environments: {production: {}}\npull_requests: {preview: false}\n'
      const at = await start('strangers', { 'key.txt': 'one', 'fairlead.yaml': yaml(line) })
      await installation.client.changeConfiguration({
        params: { app: 'strangers', environment: 'production' },
        body: { secrets: { API_KEY: 'hunter2-hunter2' } },
      })
      // It asks for all that it may not have.
      const greedy = yaml(
        'environments: {production: {}, mine: {}}\npull_requests: {forks: run, preview: true}\n',
      )
      const sha = await at.propose(
        { number: 7, branch: 'main', fork: 'mallory/shop' },
        { 'key.txt': 'two', 'fairlead.yaml': greedy },
      )
      const first = await at.ran(7, sha, false)
      expect(first).toMatchObject({
        fork: 'mallory/shop',
        asksApproval: true,
        approved: null,
        preview: null,
      })
      expect(first.run).toMatchObject({ state: 'succeeded', isTrusted: false })
      const before = await at.log(7, 'test')
      expect(before).toContain('secret has 0 characters')
      expect(before).toContain(`home is ${installation.home}/runs/${first.run!.id}/home`)
      // What the branch keeps is read.
      expect(before).toMatch(/kept: of run \d+/)
      expect(before).toContain('the shared folder is closed')
      await waitFor(
        'its HOME is gone',
        async () =>
          !(await readdir(join(installation.home, 'runs', String(first.run!.id)))).includes('home'),
      )

      // The branch gets nothing of it, though its key is the same now.
      const user = /user (\d+)/.exec(before)?.[1]
      const mine = await at.repository.commit({ 'key.txt': 'two' })
      await waitFor('the branch is delivered', async () => {
        const { runs } = await installation.client.listRuns({
          query: { app: 'strangers', state: 'succeeded' },
        })
        return runs[0]?.change.sha === mine
      })
      const { runs } = await installation.client.listRuns({ query: { app: 'strangers', limit: 1 } })
      const { lines } = await installation.client.getLog({
        params: { run: runs[0]!.id, step: 'test' },
      })
      const branch = lines.map(({ text }) => text).join('\n')
      expect(branch).toContain(`home is ${installation.home}/cache/strangers`)
      expect(branch).not.toContain(`kept: of run ${first.run!.id}`)
      expect(branch).toContain('secret has 15 characters')
      expect(branch).toContain('the shared folder is open')
      if (process.getuid?.() === 0) expect(branch).not.toContain(`user ${user},`)
      const [step] = (await installation.client.getRun({ params: { run: runs[0]!.id } })).steps
      expect(step?.cache).toBe('near')

      const approve = (commit: string) =>
        installation.client.approvePullRequest({
          params: { app: 'strangers', number: 7 },
          body: { sha: commit },
        })
      await expect(approve('0'.repeat(40))).rejects.toThrow(/The head of pull request 7 is/)
      expect(
        (await installation.cli('pulls', 'approve', 'strangers', '7', '--sha', sha)).stdout,
      ).toContain(sha.slice(0, 7))
      const approved = await at.ran(7, sha, true)
      expect(approved).toMatchObject({ asksApproval: false, approved: { sha } })
      expect(await at.log(7, 'test')).toContain('secret has 15 characters')

      // A new push needs it anew.
      const next = await at.propose(
        { number: 7, branch: 'main', fork: 'mallory/shop' },
        { a: 'and now?' },
      )
      expect(await at.ran(7, next, false)).toMatchObject({ asksApproval: true })
      expect(await at.log(7, 'test')).toContain('secret has 0 characters')

      // Docker would run an image outside of what isolates steps.
      const image = 'steps: {test: {run: "true", services: {db: {image: postgres, port: 5432}}}}\n'
      const last = await at.propose(
        { number: 7, branch: 'main', fork: 'mallory/shop' },
        { 'fairlead.yaml': image },
      )
      await at.ran(7, last, false)
      const { reason } = await installation.client.getRun({
        params: { run: (await at.get(7)).run!.id },
      })
      expect(reason).toContain(
        'service db is an image, which is not run for a head from another repository',
      )
      // Whatever became of it, it is not the branch's.
      const listed = await installation.client.getLine({ params: { app: 'strangers' } })
      expect(listed.environments.map(({ name }) => name)).toEqual(['production'])
    },
    120_000,
  )

  longTest(
    'follows the settings on the branch for forks, drafts and all pull requests',
    async () => {
      const yaml = (settings: string): string =>
        `steps: {test: "true"}\nenvironments: {production: {}}\npull_requests: ${settings}\n`
      const at = await start('settings', { 'fairlead.yaml': yaml('{forks: ask, drafts: false}') })
      await at.propose(
        { number: 1, branch: 'main', fork: 'mallory/shop' },
        { 'fairlead.yaml': yaml('{forks: run}') },
      )
      const draft = await at.propose({ number: 2, branch: 'draft', isDraft: true }, { a: '1' })
      await waitFor(
        'the heads are known',
        async () => (await at.get(1)).sha !== null && (await at.get(2)).sha !== null,
      )
      expect(await at.get(1)).toMatchObject({
        run: null,
        asksApproval: true,
        reason: 'this commit needs an approval to run',
      })
      expect(await at.get(2)).toMatchObject({
        run: null,
        asksApproval: false,
        reason: 'it is a draft',
      })
      const shown = await installation.cli('pulls', 'list', 'settings')
      expect(shown.stdout).toMatch(/1 +waits .*mallory\/shop.*needs an approval/)
      at.say(2, { isDraft: false })
      expect((await at.ran(2, draft)).run).toMatchObject({ state: 'succeeded' })
      await at.repository.commit({ 'fairlead.yaml': yaml('false') })
      await waitFor(
        'they are switched off',
        async () => (await at.get(1)).reason === 'pull requests are disabled in fairlead.yaml',
      )
      const last = (await at.get(2)).run!.id
      const newest = await at.propose({ number: 2, branch: 'draft' }, { a: '2' })
      await waitFor('its head is known', async () => (await at.get(2)).sha === newest)
      expect((await at.get(2)).run?.id).toBe(last)
    },
    120_000,
  )
})
