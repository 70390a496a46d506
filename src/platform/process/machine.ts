import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from '#platform/self.ts'

/** Variables that locate tools and certificates: the same for every user, without secrets. */
const passed = [
  'JAVA_HOME',
  'MAVEN_HOME',
  'GRADLE_HOME',
  'GOROOT',
  'RUSTUP_HOME',
  'RUSTUP_TOOLCHAIN',
  'PYENV_ROOT',
  'RBENV_ROOT',
  'NVM_DIR',
  'NODENV_ROOT',
  'VOLTA_HOME',
  'ASDF_DIR',
  'ASDF_DATA_DIR',
  'MISE_DATA_DIR',
  'SDKMAN_DIR',
  'BUN_INSTALL',
  'DENO_INSTALL',
  'TZ',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'NODE_EXTRA_CA_CERTS',
  'REQUESTS_CA_BUNDLE',
  'CURL_CA_BUNDLE',
  'PIP_CERT',
  'GIT_SSL_CAINFO',
  'NO_PROXY',
  'no_proxy',
] as const

/** Addresses; those with a password are not passed on. */
const addresses = [
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'ALL_PROXY',
  'http_proxy',
  'https_proxy',
  'all_proxy',
  'npm_config_registry',
  'NPM_CONFIG_REGISTRY',
  'PIP_INDEX_URL',
  'PIP_EXTRA_INDEX_URL',
  'PIP_FIND_LINKS',
  'UV_DEFAULT_INDEX',
  'GOPROXY',
  'COREPACK_NPM_REGISTRY',
] as const

/** Tools that install below HOME; a step has a HOME of its own. */
const belowHome = {
  RUSTUP_HOME: '.rustup',
  PYENV_ROOT: '.pyenv',
  RBENV_ROOT: '.rbenv',
  NVM_DIR: '.nvm',
  ASDF_DATA_DIR: '.asdf',
} as const

/**
 * Returns the variables that programs on the PATH need in a clean environment: locations of tools,
 * certificates and proxies. Never a credential.
 */
export function machineVariables(env: Record<string, string | undefined>): Record<string, string> {
  const found: Record<string, string> = {}
  const home = env['HOME']
  if (home) {
    for (const [name, folder] of Object.entries(belowHome))
      if (existsSync(join(home, folder))) found[name] = join(home, folder)
  }
  for (const name of passed) if (env[name]) found[name] = env[name]
  for (const name of addresses) if (env[name] && !env[name].includes('@')) found[name] = env[name]
  return found
}

/**
 * The PATH of steps and services: the server's, without the folders of this package that `npm
 * start` prepends.
 */
export function stepPath(env: Record<string, string | undefined>): string {
  const folders = (env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin').split(':')
  return folders
    .filter(
      (folder) =>
        !folder.startsWith(join(packageRoot, 'node_modules')) && !folder.endsWith('/node-gyp-bin'),
    )
    .join(':')
}
