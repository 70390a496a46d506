import type { ServicePath } from '#contract/host/service.ts'
import type { Address } from '../address.ts'

export interface ServicePorts {
  name: string
  ports: Address[]
  /** The paths whose requests it gets in place of the first service. */
  paths?: ServicePath[] | undefined
}

/** Returns whether a path, with its query, equals the start or is below it. */
export function isWithin(path: string, start: string): boolean {
  const bare = start.endsWith('/') ? start.slice(0, -1) : start
  return path.startsWith(bare) && ['', '/', '?'].includes(path.charAt(bare.length))
}

/** The service for a request, and the start of the path that it does not get. */
export interface ServicePlace {
  service: ServicePorts | undefined
  strip: string
}

/**
 * The service with the longest path that a request is within; otherwise the first one. A path
 * counts as it was sent: nothing is decoded, and `..` is a name like any other.
 */
export function serviceFor(services: ServicePorts[], path: string): ServicePlace {
  let found: ServicePlace = { service: services[0], strip: '' }
  let longest = 0
  for (const service of services)
    for (const { path: start, strip } of service.paths ?? []) {
      if (start.length <= longest || !isWithin(path, start)) continue
      longest = start.length
      found = { service, strip: strip ? start : '' }
    }
  return found
}

/**
 * A path without its start. It begins with exactly one slash, so that no service takes it for the
 * address of another host.
 */
export const withoutStart = (path: string, start: string): string =>
  start === '' ? path : path.slice(start.length).replace(/^\/*/, '/')

/**
 * The same for the head of a request, with the empty line at its end. A header tells the service
 * which start it does not get.
 */
export function headWithoutStart(head: string, start: string): string {
  if (start === '') return head
  const from = head.indexOf(' ') + 1
  const to = head.indexOf(' ', from)
  const path = withoutStart(head.slice(from, to), start)
  return `${head.slice(0, from)}${path}${head.slice(to, -2)}x-forwarded-prefix: ${start}\r\n\r\n`
}
