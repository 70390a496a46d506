import { setTimeout as sleep } from 'node:timers/promises'
import { startPostgres, type EmbeddedPostgres, type PostgresOptions } from './embedded.ts'

/** Like `startPostgres`, and restarts the server whenever it ends without having been stopped. */
export async function supervisePostgres(options: PostgresOptions): Promise<EmbeddedPostgres> {
  let current = await startPostgres(options)
  let isStopping = false
  let restart: Promise<void> | null = null

  const watch = async (): Promise<void> => {
    await current.exited
    if (isStopping) return
    options.log.warn('PostgreSQL ended unexpectedly and is restarted', { pid: current.pid })
    restart = startAgain()
    await restart
    restart = null
    return watch()
  }
  const startAgain = async (): Promise<void> => {
    for (let pause = 50; !isStopping; pause = Math.min(pause * 2, 5000)) {
      try {
        current = await startPostgres(options)
        return
      } catch (error) {
        options.log.error('PostgreSQL cannot be restarted', { error: (error as Error).message })
        await sleep(pause)
      }
    }
  }

  return {
    connection: current.connection,
    get pid() {
      return current.pid
    },
    exited: watch(),
    stop: async () => {
      isStopping = true
      await restart
      await current.stop()
    },
  }
}
