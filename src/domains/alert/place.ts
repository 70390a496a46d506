/** A service, and the folder of the repository that it runs in. */
export interface ServicePlace {
  name: string
  /** `.` for the whole repository */
  directory: string
}

/** Where requests fail. */
export interface FailingPlace {
  service: ServicePlace | null
  /** the other services of the release */
  others: ServicePlace[]
  /** paths such as `/orders/42` */
  routes: string[]
}

/** What a file has in common with what fails. */
export interface Shared {
  kind: 'route' | 'service'
  /** for a sentence: `named like /orders, which fails` */
  words: string
}

/** Parts of paths that many routes have. */
const general = /^(?:api|app|v\d+|www|index|health|static|public|assets|rest|graphql|rpc|web)$/

/** What the path of a file has in common with the failing route, or else with the service. */
export function sharedWith(file: string, { service, others, routes }: FailingPlace): Shared | null {
  const names = file.split('/').map((part) => singular(part.split('.', 1)[0] ?? ''))
  const route = routes.find((one) => wordsOf(one).some((word) => names.includes(word)))
  if (route !== undefined) return { kind: 'route', words: `named like ${route}, which fails` }
  // The files of an app with one service say nothing.
  if (service === null || others.length === 0 || !isIn(file, service)) return null
  return { kind: 'service', words: `of the service ${service.name}, which fails` }
}

/** Whether a file belongs to another service than the failing one. */
export const isElsewhere = (file: string, { service, others }: FailingPlace): boolean =>
  service !== null && !isIn(file, service) && others.some((one) => isIn(file, one))

/** A file of the folder of a service, or of a folder with its name. */
const isIn = (file: string, service: ServicePlace): boolean =>
  isNamed(file, service) ||
  (service.directory !== '.' && file.startsWith(`${service.directory.replace(/^\.\/|\/$/g, '')}/`))

const isNamed = (file: string, { name }: ServicePlace): boolean =>
  file.split('/').slice(0, -1).includes(name)

const wordsOf = (route: string): string[] =>
  route
    .toLowerCase()
    .split('/')
    .filter((part) => /^[a-z][a-z_-]{2,}$/.test(part) && !general.test(part))
    .map(singular)

const singular = (word: string): string => word.toLowerCase().replace(/s$/, '')
