import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import type { AccountFiles, Isolation, IsolationTools } from './isolation.ts'

/** The user that runs commands, as /etc/passwd and /etc/group describe it. */
export interface Account {
  name: string
  user: number
  group: number
  home: string
}

/** The name of the users that only Fairlead uses. */
const ownName = 'fairlead'

/** The value of USER and LOGNAME for commands of apps; null when the user has no name. */
export function accountName(isolation: Isolation): string | null {
  if (isolation.kind === 'none') return serverName()
  return isolation.tools.setpriv === null ? (serverName() ?? ownName) : ownName
}

function serverName(): string | null {
  try {
    return userInfo().username
  } catch {
    return null // The system has no entry for this user.
  }
}

/**
 * Writes the files of an account: without an entry, ssh, git over ssh and many languages fail. They
 * are next to `place`, in a folder that the command cannot write to.
 */
export function writeAccount(
  { setpriv }: Pick<IsolationTools, 'setpriv'>,
  { user, home, place }: { user: number; home: string; place: string },
): AccountFiles {
  const account =
    setpriv === null
      ? { name: serverName() ?? ownName, user: process.getuid?.() ?? user, home }
      : { name: ownName, user, home }
  const group = setpriv === null ? (process.getgid?.() ?? user) : user
  return {
    passwd: write(`${place}.passwd`, passwdWith(read('/etc/passwd'), { ...account, group })),
    group: write(`${place}.group`, groupWith(read('/etc/group'), { ...account, group })),
  }
}

/** The text of /etc/passwd in which the account is the only one of its name and number. */
export function passwdWith(text: string, { name, user, group, home }: Account): string {
  const others = linesOf(text).filter((line) => {
    const [otherName, , otherUser] = line.split(':')
    return otherName !== name && otherUser !== String(user)
  })
  return [...others, `${name}:x:${user}:${group}:Fairlead:${home}:/bin/sh`, ''].join('\n')
}

/** The text of /etc/group with a group of this number; an existing one keeps its name. */
export function groupWith(text: string, { name, group }: Account): string {
  const lines = linesOf(text)
  if (lines.some((line) => line.split(':')[2] === String(group))) return [...lines, ''].join('\n')
  const others = lines.filter((line) => line.split(':')[0] !== name)
  return [...others, `${name}:x:${group}:`, ''].join('\n')
}

const linesOf = (text: string): string[] => text.split('\n').filter((line) => line !== '')

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

function write(file: string, text: string): string {
  rmSync(file, { force: true })
  writeFileSync(file, text, { flag: 'wx' })
  chmodSync(file, 0o644)
  return file
}
