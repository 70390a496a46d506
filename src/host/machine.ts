import type { Isolation } from '#platform/process/isolation.ts'
import type { Limits } from '#platform/process/memory-limit.ts'
import type { Containers } from './docker/containers.ts'
import type { ChangedStart, InstanceOf } from './fault/changed-start.ts'
import type { Ports } from './port.ts'
import type { SwitchPlace } from './switches/place.ts'

/** Settings shared by all instances of a host. */
export interface Machine {
  /** Identifies this installation in the markers of its processes. */
  id: string
  ports: Ports
  limits: Limits
  isolation: Isolation
  path: string
  /** bytes of the disk that stay free when an artifact is unpacked */
  keepFree: number
  /** the containers of a Docker Engine */
  containers: Containers
  random(): number
  /** where the services of an environment read their switches; absent where none are served */
  switches?(app: string, environment: string): SwitchPlace
  /** the fault that changes the variables of an instance; undefined when there is none */
  changedStart?(of: InstanceOf): ChangedStart | undefined
}
