import { setRunReason } from '#domains/pipeline/store.ts'
import type { StepContext } from '#engine/workflow.ts'
import { pause } from '#flows/deployment/retry.ts'
import type { Dependencies } from '#flows/dependencies.ts'

/**
 * Waits until the disk has more than its floor of free space. While it waits, the reason of the run
 * says so.
 */
export async function waitForDisk(
  deps: Pick<Dependencies, 'disk'>,
  step: StepContext,
  run: number,
  pollMs = 1000,
): Promise<void> {
  for (let isReported = false; ; isReported = true) {
    const { free, floor } = await deps.disk()
    if (free >= floor) return
    if (!isReported) {
      step.write(setRunReason(run, diskReason(free, floor)))
      await step.flush()
    }
    await pause(step, pollMs)
  }
}

/** Free bytes of the disk, the limit of what is packed: unpacked files need their apparent size. */
export async function freeBytes({ disk }: Pick<Dependencies, 'disk'>): Promise<number> {
  const { free } = await disk()
  return free * 1e6
}

const diskReason = (free: number, floor: number): string =>
  `waiting for disk space: ${Math.floor(free)} MB are free, and Fairlead keeps ${floor} MB free; ` +
  'the run continues when space is freed'
