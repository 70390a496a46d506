import type { z } from 'zod'
import type { Radius } from '#contract/experiment/fault.ts'
import type { FaultTarget } from './target.ts'

/** What every part of an action may use. */
export interface FaultPlace {
  id: string
  target: FaultTarget
  /** In the environment of every process of the fault; the undo ends them first. */
  marker: string
  /** The folder of the host. */
  host: string
  /** The folder of the faults, for files of the fault. Their names begin with its id and a dot. */
  folder: string
}

/**
 * A way to break something: one file of the folder `actions`. `undo` and `findProblem` run in the
 * guardian, which has neither server nor database nor network, and may outlive the host.
 */
export interface FaultAction<P extends z.ZodType = z.ZodType, B extends z.ZodType = z.ZodType> {
  name: string
  title: string
  /** Refuses unknown parameters. */
  parameters: P
  example: z.input<P>
  needs: { root: boolean; programs: string[] }
  /** whether instances end, so that they must be able to start again; default: no */
  endsInstances?: true
  /** Schema of the exact state before the fault, which is on disk before the fault exists. */
  before: B
  /** Pure: what the fault can hurt. */
  radius(target: FaultTarget): Radius
  /** Reads the state before. Throws one sentence without a full stop if the fault is impossible. */
  read(parameters: z.output<P>, place: FaultPlace): z.output<B> | Promise<z.output<B>>
  /** Makes the fault; resolves when it exists. Can be killed at any instant. */
  inject(parameters: z.output<P>, before: z.output<B>, place: FaultPlace): Promise<void>
  /** Restores the state before. It is repeated until `findProblem` finds none. */
  undo(before: z.output<B>, place: FaultPlace): Promise<void>
  /**
   * Reads the state of the kernel, the files and the processes: what is not yet as before, in one
   * sentence without a full stop, or null. What cannot be read is a problem.
   */
  findProblem(before: z.output<B>, place: FaultPlace): string | null
}

export const defineAction = <P extends z.ZodType, B extends z.ZodType>(
  action: FaultAction<P, B>,
): FaultAction<P, B> => action

/** The radius of what hits the chosen instances alone. */
export const instancesOnly = ({ instances, of }: FaultTarget): Radius => ({
  ...{ instances: instances.length, of, isHost: false },
})

/** The radius of what takes something from the whole machine. */
export const wholeHost = ({ of }: FaultTarget): Radius => ({ instances: of, of, isHost: true })

/** The radius of what hits all instances of the service. */
export const wholeService = ({ of }: FaultTarget): Radius => ({
  ...{ instances: of, of, isHost: false },
})
