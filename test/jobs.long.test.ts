import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hasEnded, type JobRun } from '#contract/job/job.ts'
import { endedRun, push } from './support/app.ts'
import { type Installation, startInstallation } from './support/installation.ts'
import { makeRepository, type Repository } from './support/repository.ts'
import { waitFor } from './support/wait.ts'
import { processOf } from './support/processes.ts'

/** Milliseconds between the request of a run and the death of a process. */
const moments = [0, 5, 10, 20, 40, 80, 160, 320, 640, 1280]
const lines = Array.from({ length: 20 }, (_, i) => `line ${i + 1}`)
const app = 'killed'
const place = { app, environment: 'production' }

describe.each(['auto', 'off'])('a command, with isolation %s', (isolation) => {
  let installation: Installation
  let repository: Repository
  beforeAll(async () => {
    installation = await startInstallation({ env: { FAIRLEAD_ISOLATION: isolation } })
    repository = await makeRepository({
      'fairlead.yaml':
        'services: {web: {run: exec sleep 1000000, port: false}}\n' +
        'environments: {production: {}}\n',
    })
    await push(installation, app, repository)
    await endedRun(installation, 1)
  })
  afterAll(async () => {
    await installation.stop()
    await repository.remove()
  })

  const ended = async (jobRun: number): Promise<JobRun> => {
    const params = { app, jobRun }
    await waitFor(`run ${jobRun} ends`, async () =>
      hasEnded((await installation.client.getJobRun({ params })).state),
    )
    return installation.client.getJobRun({ params })
  }

  test.each(['server', 'host'] as const)(
    'runs at most once, and nothing of it is lost, when the %s is killed',
    async (victim) => {
      for (const moment of moments) {
        const what = `${victim} killed after ${moment} ms`
        const name = `${victim}-${moment}`
        const command =
          `echo begun >>"$FAIRLEAD_DATA_DIR/${name}"; ` +
          'for i in $(seq 1 20); do echo "line $i"; sleep 0.05; done; exit 3'
        const { id } = await installation.client.runCommand({ params: place, body: { command } })
        const pid = await processOf(installation, victim)
        await pause(moment)
        process.kill(pid, 'SIGKILL')
        const file = join(installation.home, 'host/data', app, 'production', name)
        const hadBegun = existsSync(file)
        if (victim === 'server') {
          await installation.killServer()
          await installation.start()
        }
        const run = await ended(id)
        const starts = existsSync(file) ? readFileSync(file, 'utf8').split('\n').length - 1 : 0
        const { events } = await installation.client.listEvents({
          query: { type: 'dev.cdeventsx.fairlead-job.ended', limit: 500 },
        })
        expect(
          events.filter(({ subject }) => subject === `job-run/${id}`),
          what,
        ).toHaveLength(1)
        // Only a host that dies between its record and the process leaves a run without result.
        if (victim === 'host' && !hadBegun && run.state === 'lost') {
          expect(starts, what).toBeLessThanOrEqual(1)
          continue
        }
        expect(run, what).toMatchObject({ state: 'failed', exit: 3 })
        expect(starts, what).toBe(1)
        // A host that starts again does not answer at once.
        const output = () => installation.client.getJobOutput({ params: { app, jobRun: id } })
        await expect.poll(async () => (await output()).lines, { message: what }).toEqual(lines)
      }
    },
  )
})
