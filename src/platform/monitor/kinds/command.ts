import { z } from 'zod'
import { command, shorthand } from '#contract/pipeline-file/shapes.ts'
import { type CommandEnd, defineMonitorKind, type Finding } from '../monitor-kind.ts'

/** The exit codes are those of monitoring plugins: https://www.monitoring-plugins.org */
export default defineMonitorKind({
  kind: 'command',
  title: 'A command succeeds',
  settings: shorthand(
    'run',
    z.strictObject({
      run: command.describe(
        'The command, which runs isolated in the files of the live release, with the variables ' +
          'of the service; exit code 0 is up, 1 degraded, 3 unknown, others down',
      ),
    }),
  ),
  example: { run: './check-queue.sh' },
  every: 60_000,
  failures: 2,
  onHost: async ({ run }, io) => judge(await io.run(run)),
})

/** What the end of the command says. Pure. */
export function judge({ code, output }: CommandEnd): Finding {
  const line = output.find((one) => one.trim() !== '')?.slice(0, 300)
  if (code === 0) return { state: 'up', reason: '' }
  const state = code === 1 ? 'degraded' : code === 3 ? 'unknown' : 'down'
  return { state, reason: line ?? (code === null ? 'it was killed' : `it exits with ${code}`) }
}
