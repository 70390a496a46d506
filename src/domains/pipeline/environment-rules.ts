import type { EnvironmentFile } from '#contract/pipeline-file/pipeline-file.ts'
import { type Found, meant, type Path, found } from './problem.ts'
import { longestName, type Readable } from './readable.ts'

const longestVerified = longestName - 'verify-'.length

/** A command before the start has the variables of a service, and a log beside those of all. */
export function beforeRules({ environments, services }: Readable): Found[] {
  const able = Object.keys(services).filter((name) => services[name]?.run !== undefined)
  return Object.entries(environments).flatMap(([name, { before }]): Found[] => {
    if (!before) return []
    const path: Path = ['environments', name, 'before']
    if ('before' in services)
      return [
        found(
          ['services', 'before'],
          true,
          `the name \`before\` is that of the command of environment \`${name}\``,
          'choose another name',
        ),
      ]
    if (able.length === 0) {
      const problem = `environment \`${name}\` has \`before\`, but no service with \`run\``
      return [found(path, true, problem, 'remove it, or add a service')]
    }
    const { service } = before
    if (before.restore !== undefined && before.backup === undefined) {
      const problem = '`before` has `restore`, but no `backup` that it could restore'
      return [found([...path, 'restore'], true, problem, 'add `backup`')]
    }
    if (service === undefined || able.includes(service)) return []
    const problem = `\`before\` names \`${service}\`, which is not a service with \`run\``
    return [found([...path, 'service'], false, problem, meant(service, able, 'those are'))]
  })
}

/** A domain leads to one service of one environment. */
export function domainRules({ environments, services }: Readable): Found[] {
  const owners = new Map<string, string>()
  const known = Object.keys(services)
  return Object.entries(environments).flatMap(([name, { domains }]) =>
    domains.flatMap((domain, i): Found[] => {
      const path: Path = ['environments', name, 'domains', i]
      const owner = owners.get(domain.name)
      owners.set(domain.name, name)
      if (owner !== undefined) {
        const problem = `environment \`${name}\` has the domain ${domain.name}`
        const where = owner === name ? 'twice' : `, which \`${owner}\` has already`
        const text = `${problem}${owner === name ? ' ' : ''}${where}`
        return [found(path, false, text, 'remove one of them')]
      }
      if (domain.redirect === domain.name) {
        const problem = `the domain ${domain.name} redirects to itself`
        return [found(path, false, problem, 'name another domain')]
      }
      if (domain.service === undefined || known.includes(domain.service)) return []
      const named = `the domain ${domain.name} names \`${domain.service}\``
      const problem = `${named}, which is not a service`
      return [found(path, false, problem, meant(domain.service, known, 'the services are'))]
    }),
  )
}

export function environmentRules(environments: Record<string, EnvironmentFile>): Found[] {
  const names = Object.keys(environments)
  const withPort = names.filter((name) => environments[name]?.port !== undefined)
  return names.flatMap((name): Found[] => {
    const port = environments[name]?.port
    const other = withPort.find((earlier) => environments[earlier]?.port === port)
    if (port !== undefined && other !== undefined && other !== name) {
      return [
        found(
          ['environments', name, 'port'],
          false,
          `environment \`${name}\` uses port ${port}, which \`${other}\` uses already`,
          'use another port, or none',
        ),
      ]
    }
    if (environments[name]?.verify && name.length > longestVerified) {
      return [
        found(
          ['environments', name],
          true,
          `the name \`${name}\` is longer than ${longestVerified} characters, ` +
            'the limit for an environment with `verify`',
          'use a shorter name',
        ),
      ]
    }
    return []
  })
}
