import type { ServiceFile } from '#contract/pipeline-file/service-file.ts'
import { type Found, type Path, found } from './problem.ts'
import type { Readable } from './readable.ts'

export function serviceRules(name: string, service: ServiceFile): Found[] {
  const path = ['services', name]
  const has = (key: 'run' | 'static' | 'image'): boolean => service[key] !== undefined
  if (!has('run') && !has('static') && !has('image'))
    return [
      found(
        path,
        true,
        `service \`${name}\` has neither \`run\` nor \`static\``,
        'add a command such as `run: node server.js`',
      ),
    ]
  if (has('image') && has('static'))
    return [
      found(
        path,
        true,
        `service \`${name}\` has both \`image\` and \`static\``,
        'keep only one of them',
      ),
    ]
  if (has('image')) return imageRules(name, service)
  if (has('run') && has('static'))
    return [
      found(
        path,
        true,
        `service \`${name}\` has both \`run\` and \`static\``,
        'keep only one of them',
      ),
    ]
  return []
}

/** What a service in a container cannot have yet. */
function imageRules(name: string, service: ServiceFile): Found[] {
  const lost = (['keeps', 'single'] as const).find((key) => service[key])
  if (lost === undefined) return []
  const problem = `service \`${name}\` has \`image\` and \`${lost}\``
  const hint = 'run it as a process, without `image`: a container cannot be kept over releases'
  return [found(['services', name, lost], true, problem, hint)]
}

/** Rules of services that never run twice at once. */
export function exclusiveRules(name: string, service: ServiceFile): Found[] {
  const at = (key: string): Path => ['services', name, key]
  const isExclusive = service.keeps || service.single
  if (!isExclusive && service.port !== undefined && typeof service.port !== 'boolean')
    return [
      found(
        at('port'),
        true,
        `service \`${name}\` has a port of its own, so that two releases cannot run side by side`,
        'listen on `$PORT`, or add `keeps: true` or `single: true`',
      ),
    ]
  if (!isExclusive && service.reload !== undefined)
    return [
      found(
        at('reload'),
        true,
        `service \`${name}\` has \`reload\` but neither \`keeps\` nor \`single\``,
        'remove it: each release starts a process of its own',
      ),
    ]
  if (!isExclusive) return []
  const kind = service.keeps ? 'keeps' : 'single'
  if (service.static !== undefined)
    return [found(at(kind), true, `static files need no \`${kind}\``, `remove \`${kind}\``)]
  if (service.instances === 1) return []
  const problem = `service \`${name}\` has \`${kind}\` and ${service.instances} instances`
  return [found(at('instances'), true, problem, 'remove `instances`: it runs once')]
}

/** A path leads to one service, which takes traffic. */
export function servicePathRules(services: Readable['services']): Found[] {
  const owners = new Map<string, string>()
  return Object.entries(services).flatMap(([name, service]) =>
    service.paths.flatMap((one, i): Found[] => {
      const at: Path = ['services', name, 'paths', i]
      const owner = owners.get(one.path)
      owners.set(one.path, name)
      const subject = `service \`${name}\` has the path \`${one.path}\``
      if (owner !== undefined) {
        const where = owner === name ? ' twice' : `, which \`${owner}\` has already`
        return [found(at, false, `${subject}${where}`, 'remove one of them')]
      }
      if (service.keeps || service.single)
        return [found(at, false, `${subject}, but runs once, behind no edge`, 'remove `paths`')]
      if (service.port !== false) return []
      return [found(at, false, `${subject}, but takes no traffic`, 'remove `port: false`')]
    }),
  )
}
