/** Where an environment is reached. */
export interface Endpoint {
  /** a port that no other environment may have, or null */
  port: number | null
  /** the main URL, or null when the target does not know one */
  url: string | null
}

export interface EndpointRequest {
  app: string
  environment: string
  /** `port` of fairlead.yaml */
  wanted: number | undefined
  /** the domains of the environment, the main one first; absent for none */
  domains?: string[]
  /** the port the environment has now */
  current: number | null
  /** the ports of all other environments */
  taken: number[]
}
