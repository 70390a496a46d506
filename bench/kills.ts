import { ask, push } from '../test/support/app.ts'
import { type Installation, startInstallation } from '../test/support/installation.ts'
import { makeRepository, type Repository, tinyServer } from '../test/support/repository.ts'
import { waitFor } from '../test/support/wait.ts'
import { processOf } from '../test/support/processes.ts'

const minutes = Number(process.env['BENCH_MINUTES'] ?? 5)
const victims = ['server', 'runner', 'database', 'host'] as const

/**
 * kill -9 of a random process every few seconds, under a stream of deliveries: what is lost,
 * doubled or stuck at the end.
 */
export async function run(): Promise<void> {
  const installation = await startInstallation()
  const repository = await makeRepository({
    'server.js': tinyServer('0'),
    'fairlead.yaml':
      'steps: {test: node --check server.js}\nservices: {web: {run: exec node server.js, health: /}}\nenvironments: {staging: {}, production: {}}\n',
  })
  const kills = new Map<string, number>()
  let isOver = false
  try {
    await push(installation, 'chaos', repository)
    const killer = killAtRandom(installation, kills, () => isOver)
    let version = 0
    const until = Date.now() + minutes * 60_000
    while (Date.now() < until) {
      version += 1
      await repository.commit({ 'server.js': tinyServer(String(version)) }, `Say ${version}`)
      // A push that was not acknowledged is repeated, as its developer would.
      await waitFor(
        'a push is taken',
        () =>
          push(installation, 'chaos', repository).then(
            () => true,
            () => false,
          ),
        120,
      )
    }
    isOver = true
    await killer
    await waitFor(
      'the newest version is live',
      async () =>
        (await ask(installation, 'chaos', 'production').catch(() => ({ text: '' }))).text ===
        String(version),
      120,
    )
    await waitFor(
      'every run has ended',
      async () =>
        (await installation.client.listRuns({ query: { state: 'running' } })).runs.length === 0,
      120,
    )
    await report(installation, repository, version, kills)
  } finally {
    isOver = true
    await installation.stop()
    await repository.remove()
  }
}

async function killAtRandom(
  installation: Installation,
  kills: Map<string, number>,
  isOver: () => boolean,
): Promise<void> {
  while (!isOver()) {
    await new Promise((resolve) => setTimeout(resolve, 1000 + Math.random() * 4000))
    const victim = victims[Math.floor(Math.random() * victims.length)] ?? 'server'
    try {
      process.kill(await processOf(installation, victim), 'SIGKILL')
      kills.set(victim, (kills.get(victim) ?? 0) + 1)
    } catch {
      continue // it is being started again
    }
    if (victim === 'server') await installation.start()
  }
}

/** Counts the commits of the branch that do not belong to exactly one change. */
async function commitsOfChanges(
  installation: Installation,
  repository: Repository,
): Promise<{ missing: number; several: number }> {
  const changesOf = new Map<string, Set<string>>()
  for (let after = 0; ;) {
    const { events } = await installation.client.listEvents({
      query: { after, limit: 500, type: 'dev.cdevents.change.merged' },
    })
    for (const { subject, data } of events) {
      const head = subject.slice('change/'.length)
      for (const sha of [head, ...((data['earlier'] as string[] | undefined) ?? [])])
        changesOf.set(sha, (changesOf.get(sha) ?? new Set()).add(head))
    }
    if (events.length === 0) break
    after = events.at(-1)?.id ?? after
  }
  const counts = (await repository.git('rev-list', 'HEAD'))
    .trim()
    .split('\n')
    .map((sha) => changesOf.get(sha)?.size ?? 0)
  return {
    missing: counts.filter((count) => count === 0).length,
    several: counts.filter((count) => count > 1).length,
  }
}

async function report(
  installation: Installation,
  repository: Repository,
  versions: number,
  kills: Map<string, number>,
): Promise<void> {
  const states = new Map<string, number>()
  const switches = new Map<string, number>()
  for (let before: number | undefined; ;) {
    const { runs, next } = await installation.client.listRuns({
      query: { limit: 500, ...(before === undefined ? {} : { before }) },
    })
    for (const run of runs) states.set(run.state, (states.get(run.state) ?? 0) + 1)
    if (next === null) break
    before = next
  }
  for (let after = 0; ;) {
    const { events } = await installation.client.listEvents({ query: { after, limit: 500 } })
    for (const event of events)
      if (/service\.(deployed|upgraded)$/.test(event.type))
        switches.set(event.subject, (switches.get(event.subject) ?? 0) + 1)
    if (events.length === 0) break
    after = events.at(-1)?.id ?? after
  }
  const live = (await installation.client.listDeployments({ query: { state: 'live' } })).deployments
  console.log(
    `${minutes} minutes, ${versions} pushes, kill -9 of ${JSON.stringify(Object.fromEntries(kills))}`,
  )
  console.log(`  runs                        ${JSON.stringify(Object.fromEntries(states))}`)
  console.log(
    `  deployments switched twice  ${[...switches.values()].filter((count) => count > 1).length} of ${switches.size}`,
  )
  const { missing, several } = await commitsOfChanges(installation, repository)
  console.log(`  commits in no change        ${missing}`)
  console.log(`  commits in several changes  ${several}`)
  console.log(
    `  live deployments            ${live.length} (one in each of two environments is right)`,
  )
}
