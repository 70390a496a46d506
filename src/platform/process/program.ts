import { accessSync, constants } from 'node:fs'
import { delimiter, isAbsolute, join } from 'node:path'

/** Where the programs of the system usually are. */
export const systemPath = '/usr/bin:/bin:/usr/sbin:/sbin'

/** Returns the absolute path of a program; undefined when no absolute folder of `path` has it. */
export function findProgram(name: string, path: string | undefined): string | undefined {
  return (path ?? systemPath)
    .split(delimiter)
    .filter(isAbsolute)
    .map((folder) => join(folder, name))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK)
        return true
      } catch {
        return false
      }
    })
}

/**
 * Returns the absolute path of a program on the PATH of this process, and the plain name when it is
 * missing, so that its start fails with ENOENT. The PATH of an app never decides.
 */
export const programOf = (name: string): string => findProgram(name, process.env['PATH']) ?? name

/** The environment of a program that Fairlead starts for itself; it has no variable of an app. */
export const helperEnvironment = (): Record<string, string> => ({
  PATH: process.env['PATH'] ?? systemPath,
  LANG: 'C.UTF-8',
})

/** The environment of the Docker client, which finds its daemon and credentials by it. */
export const dockerEnvironment = (
  env: Record<string, string | undefined>,
): Record<string, string> => ({
  ...helperEnvironment(),
  ...Object.fromEntries(
    [
      'HOME',
      'DOCKER_HOST',
      'DOCKER_CONFIG',
      'DOCKER_CONTEXT',
      'DOCKER_TLS_VERIFY',
      'DOCKER_CERT_PATH',
    ].flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])),
  ),
})
