import type { Edge } from '../edge/edge.ts'
import type { EdgeRoute } from '../edge/route.ts'

/** Where the edge serves a page with a host name of its own. */
export interface PageRoute extends Pick<EdgeRoute, 'host' | 'memory'> {
  name: string
  /** on 127.0.0.1 */
  port: number
}

/** The edge, for pages with host names of their own. */
export interface PageRoutes {
  set(route: PageRoute): void
  remove(name: string): void
}

/** Routes of `app`, the name of Fairlead's own pages: they are not counted as an app. */
export function routesAt(edge: Pick<Edge, 'set' | 'remove'>, app: string): PageRoutes {
  const environmentOf = (name: string): string => `status-${name}`
  return {
    set: ({ name, port, ...rest }) => {
      const services = [{ name: 'status', ports: [port] }]
      edge.set({ app, environment: environmentOf(name), release: 0, port: null, ...rest, services })
    },
    remove: (name) => edge.remove(app, environmentOf(name)),
  }
}
