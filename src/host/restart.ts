import type { Instance } from './instance.ts'

/**
 * Restarts the instances of a service one after another; each has to become healthy before the
 * next one, within `timeoutMs`. Returns the problem of the first that does not, or null.
 */
export async function restartEach(
  name: string,
  instances: Instance[],
  timeoutMs: number,
  isOver: () => boolean,
): Promise<string | null> {
  for (const instance of instances) {
    if (isOver()) return `${name} is being stopped`
    await instance.stop()
    void instance.start()
    const until = performance.now() + timeoutMs
    while (!instance.isHealthy && performance.now() < until && !isOver())
      await new Promise((wake) => setTimeout(wake, 20))
    if (!instance.isHealthy)
      return instance.view().reason ?? `${name} was not healthy within ${timeoutMs / 1000} s`
  }
  return null
}
