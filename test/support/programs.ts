import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { TestOptions } from 'vitest'

/**
 * Every program that a test needs besides Node and git: the command, and the Debian package that
 * has it. `tools/test-setup.ts` installs the packages; `requires` skips what is still missing.
 */
export const programs = {
  alertmanager: { command: 'prometheus-alertmanager', packages: ['prometheus-alertmanager'] },
  ansible: { command: 'ansible-playbook', packages: ['ansible-core'] },
  amtool: { command: 'amtool', packages: ['prometheus-alertmanager'] },
  bubblewrap: { command: 'bwrap', packages: ['bubblewrap'] },
  chromium: { command: 'chromium', packages: ['chromium', 'chromium-headless-shell'] },
  docker: { command: 'dockerd', packages: ['docker.io'] },
  gcc: { command: 'cc', packages: ['gcc', 'libc6-dev'] },
  haproxy: { command: 'haproxy', packages: ['haproxy'] },
  iproute2: { command: 'ip', packages: ['iproute2'] },
  make: { command: 'make', packages: ['make'] },
  mariadb: { command: 'mariadbd', packages: ['mariadb-server'] },
  nftables: { command: 'nft', packages: ['nftables'] },
  nginx: { command: 'nginx', packages: ['nginx-light'] },
  pebble: { command: 'pebble', packages: ['pebble'] },
  postgresql: { command: 'postgres', packages: ['postgresql'] },
  prometheus: { command: 'prometheus', packages: ['prometheus'] },
  python3: { command: 'python3', packages: ['python3'] },
  rsync: { command: 'rsync', packages: ['rsync'] },
  sshd: { command: 'sshd', packages: ['openssh-server', 'openssh-client'] },
  'redis-server': { command: 'redis-server', packages: ['redis-server'] },
} as const satisfies Record<string, { command: string; packages: readonly string[] }>

export type Program = keyof typeof programs

declare module 'vitest' {
  interface TaskMeta {
    /** Why the test is skipped, in one sentence; the reporter prints it. */
    skipped?: string
  }
}

/**
 * The options of a test or suite that needs programs. It is skipped when one of them is missing,
 * and the report says which package to install.
 */
export function requires(...names: Program[]): TestOptions {
  const missing = names.find((name) => !isInstalled(name))
  return skipWhen(missing !== undefined, missing ? missingProgram(missing) : '')
}

/** The options of a test or suite that cannot run here for another reason, as a sentence. */
export const skipWhen = (isImpossible: boolean, reason: string): TestOptions =>
  isImpossible ? { skip: true, meta: { skipped: reason } } : {}

export const requiresRoot: TestOptions = skipWhen(
  process.getuid?.() !== 0,
  'root privileges are missing: run the tests as root',
)

export const missingProgram = (name: Program): string =>
  `${name} is not installed: apt-get install ${programs[name].packages.join(' ')}`

export const isInstalled = (name: Program): boolean => pathOf(programs[name].command) !== null

/** The path of a command, or null. */
export function pathOf(command: string): string | null {
  const path = `${process.env['PATH'] ?? ''}${delimiter}/usr/sbin${delimiter}/sbin`
  for (const folder of path.split(delimiter)) {
    try {
      accessSync(join(folder, command), constants.X_OK)
      return join(folder, command)
    } catch {
      // Not in this folder.
    }
  }
  return null
}
