import { InstanceContainer } from './docker/instance-container.ts'
import { InstanceProcess } from './instance-process.ts'
import type { InstanceRuntime, RuntimeContext } from './instance-runtime.ts'
import type { SavedInstance } from './state.ts'

/** A service with an image runs in containers, and any other in processes. */
export const openRuntime = (context: RuntimeContext, saved: SavedInstance): InstanceRuntime =>
  context.service.container === undefined
    ? new InstanceProcess(context, saved)
    : new InstanceContainer(context, context.service.container, saved)
