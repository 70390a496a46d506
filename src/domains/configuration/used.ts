import type { ServiceFile } from '#contract/pipeline-file/service-file.ts'

type Service = Pick<ServiceFile, 'run' | 'port' | 'rehearse' | 'uses' | 'env' | 'keeps' | 'single'>

/** Which values and files of the app and its environment a service gets. */
export interface Used {
  hasVariable(name: string): boolean
  hasFile(path: string): boolean
}

const reference = /\$\{?([A-Za-z_]\w*)\}?(\/[\w./-]*)?/g
const folder = 'FAIRLEAD_CONFIG_DIR'

/**
 * A service gets everything, unless it runs once and its `uses` names variables as `$NAME`, or
 * files as `$FAIRLEAD_CONFIG_DIR/FILE`: then it gets of these only what `uses` and its commands
 * name, and nothing else restarts it. Pure.
 */
export function usedBy(service: Service | undefined): Used {
  // Definitions that were stored by an earlier version have no such key.
  const uses = (service?.uses as string[] | undefined) ?? ['.']
  const isOnce = service !== undefined && (service.keeps || service.single)
  if (!isOnce || uses.includes('.')) return { hasVariable: () => true, hasFile: () => true }
  const { run = '', port, rehearse, env } = service
  const text = [run, String(port), rehearse?.run ?? '', ...uses].join('\n')
  const named = [...text.matchAll(reference)].map(([, name = '', path = '']) => ({ name, path }))
  const variables = new Set([...Object.keys(env), ...named.map(({ name }) => name)])
  const namesFiles = uses.some((one) => one.startsWith(`$${folder}`))
  const namesVariables = uses.some((one) => one.startsWith('$') && !one.startsWith(`$${folder}`))
  const paths = named.flatMap(({ name, path }) => (name === folder ? [path.slice(1)] : []))
  return {
    hasVariable: (name) => !namesVariables || variables.has(name),
    hasFile: (path) =>
      !namesFiles ||
      paths.some(
        (one) => one === '' || one === path || path.startsWith(`${one.replace(/\/$/, '')}/`),
      ),
  }
}

/** The entries of a record whose names are wanted. */
export const pick = <T>(
  entries: Record<string, T> | undefined,
  isWanted: (name: string) => boolean,
): Record<string, T> =>
  Object.fromEntries(Object.entries(entries ?? {}).filter(([name]) => isWanted(name)))
