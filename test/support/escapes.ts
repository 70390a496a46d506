/** What a hostile step or service knows of the machine that it would break out to. */
export interface Target {
  /** folder of the installation */
  root: string
  serverPid: number
  /** the value of a variable that only the server has */
  canary: string
  /** a file of another run, and one beside the installation, both of the server's user */
  otherWorkspace: string
  outside: string
  homeFile: string
  sockets: string[]
  url: string
  /** addresses of metadata services; the first one is link-local */
  metadata: string[]
  /** name of a file that must not come to be */
  mark: string
  isRoot: boolean
}

/**
 * A program for Node that tries to reach what is not its own, one way after the other, and says of
 * each in a line of JSON whether it got there. It ends with 0 whatever came of it.
 */
export const escapes = (target: Target): string => `
const fs = require('node:fs'), net = require('node:net'), path = require('node:path')
const { execFileSync, spawn, spawnSync } = require('node:child_process')
const target = ${JSON.stringify(target)}
const shell = (text) => execFileSync('sh', ['-c', text], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], timeout: 20000 })
const holds = (text) => text.includes(target.canary)
const connects = (where) => new Promise((done) => {
  const socket = net.connect(where)
  socket.setTimeout(5000)
  socket.once('connect', () => done(true)).once('error', () => done(false)).once('timeout', () => done(false))
})
const every = (folder, depth, act) => {
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    const file = path.join(folder, entry.name)
    try { act(file, entry) } catch {}
    if (depth > 0 && entry.isDirectory()) try { every(file, depth - 1, act) } catch {}
  }
}
const some = async (list, act) => {
  for (const one of list) try { if (await act(one)) return true } catch {}
  return false
}
const both = {
  add_key: [248, 217], ptrace: [101, 117], bpf: [321, 280], userfaultfd: [323, 282],
  setns: [308, 268],
  perf_event_open: [298, 241], io_uring_setup: [425, 425], fsopen: [430, 430],
}
const number = Object.fromEntries(Object.entries(both).map(([name, numbers]) =>
  [name, numbers[process.arch === 'x64' ? 0 : 1]]))
// Makes a system call, and returns whether it succeeded.
const perl = (text) => spawnSync('perl', ['-e', text]).status
const calls = (call, args) => perl('($type, $name, $value) = ("user", "fairlead", "value");' +
  'exit(syscall(' + call + ', ' + args + ') < 0)') === 0
const attempts = {
  'reads the key of the secrets': () => fs.readFileSync(path.join(target.root, 'key')).length > 0,
  'reads the token of the command line': () => fs.readFileSync(path.join(target.root, 'token')).length > 0,
  'lists the installation': () => fs.readdirSync(target.root).some((name) => ['key', 'token', 'postgres', 'log'].includes(name)),
  'connects to a socket of the installation': () => some(target.sockets, connects),
  'finds a socket of the database or of a daemon': () => {
    let found = false
    for (const folder of ['/run', '/var/run', '/tmp', target.root])
      try { every(folder, 4, (file, entry) => { if (entry.isSocket()) found = true }) } catch {}
    return found
  },
  'connects to Docker': () => some(['/run/docker.sock', '/var/run/docker.sock', '/run/containerd/containerd.sock'], connects),
  'reads the workspace of another run': () => fs.readFileSync(target.otherWorkspace).length > 0,
  'reads a file of the server\\'s user': () => fs.readFileSync(target.outside).length > 0,
  'reads its home': () => fs.readFileSync(target.homeFile).length > 0,
  'reads the environment of another process': () => some(fs.readdirSync('/proc'), (pid) =>
    Number(pid) !== process.pid && holds(fs.readFileSync('/proc/' + pid + '/environ', 'utf8'))),
  'has the server\\'s environment': () => holds(JSON.stringify(process.env)),
  'sees the server\\'s process': () => holds(fs.readFileSync('/proc/' + target.serverPid + '/environ', 'utf8')) ||
    fs.readFileSync('/proc/' + target.serverPid + '/cmdline', 'utf8').includes('server'),
  'signals the server': () => process.kill(target.serverPid, 0),
  'leaves by the root of another process': () => some(fs.readdirSync('/proc'), (pid) =>
    fs.readFileSync('/proc/' + pid + '/root' + target.root + '/key').length > 0),
  'leaves by a folder that is open': () => some(fs.readdirSync('/proc/self/fd'), (fd) =>
    fs.readFileSync('/proc/self/fd/' + fd + '/../../../key').length > 0),
  'writes outside': () => some(['/etc', '/usr/bin', '/var/lib', '/opt', '/srv', '/root', '/', target.root], (folder) => {
    fs.writeFileSync(path.join(folder, target.mark), 'x')
    return true
  }),
  'changes a file of the system': () => { fs.appendFileSync('/etc/passwd', ''); return true },
  'unmounts what hides': () => { shell('umount -l ' + target.root); return fs.existsSync(path.join(target.root, 'key')) },
  'unmounts it in a user namespace': () => shell('unshare -Urm sh -c "umount -l ' + target.root + ' && cat ' + target.root + '/key"').length > 0,
  'mounts the disk again': () => shell('unshare -Urm sh -c "mount -t ext4 /dev/vda /mnt && ls /mnt"').length > 0,
  'enters the namespaces of another': () => shell('nsenter -t 1 -a cat ' + target.root + '/key').length > 0,
  'has a capability': () => !/^CapEff:\\s+0+$/m.test(fs.readFileSync('/proc/self/status', 'utf8')),
  'may get one': () => !/^NoNewPrivs:\\s+1$/m.test(fs.readFileSync('/proc/self/status', 'utf8')),
  'is root': () => target.isRoot && process.getuid() === 0,
  'becomes root': () => shell('su -c id root </dev/null || sudo -n id').includes('uid=0'),
  'makes a device': () => { shell('mknod ' + path.join(process.cwd(), 'disk') + ' b 254 0'); return true },
  'reads the disk': () => some(['vda', 'sda', 'nvme0n1', 'xvda', 'mem', 'kmsg'], (name) => fs.openSync('/dev/' + name, 'r') > 0),
  'reads the memory of the server': () => fs.openSync('/proc/' + target.serverPid + '/mem', 'r') > 0,
  'sees processes that are not its own': () => fs.readdirSync('/proc').some((pid) => {
    const words = /^\\d+$/.test(pid) ? fs.readFileSync('/proc/' + pid + '/cmdline', 'utf8') : ''
    return /postgres|vitest/.test(words) && !words.includes('const target')
  }),
  'reads what other apps keep': () => some(['cache', 'artifacts', 'repositories', 'log', 'host/state', 'host/log'], (name) =>
    fs.readdirSync(path.join(target.root, name)).some((entry) => !/^(hostile|cache)/.test(entry))),
  'writes into the repository of its app': () => some(['objects', 'objects/info', 'hooks', ''], (name) => {
    fs.writeFileSync(path.join(target.root, 'repositories/hostile.git', name, target.mark), 'x')
    return true
  }),
  'makes a link to a file of the installation': () => { fs.linkSync(path.join(target.root, 'key'), target.mark); return true },
  'gives a program to root': () => {
    fs.copyFileSync('/bin/sh', target.mark + '-sh')
    fs.chownSync(target.mark + '-sh', 0, 0)
    fs.chmodSync(target.mark + '-sh', 0o4755)
    return target.isRoot && process.getuid() !== 0
  },
  'mounts over the system': () => { shell('mount -t tmpfs none /opt'); return true },
  'binds the system anew in a user namespace': () =>
    shell('unshare -Urm sh -c "mount --rbind / /opt && umount -l /opt' + target.root + ' && cat /opt' + target.root + '/key"').length > 0,
  'changes the kernel': () => some(['/proc/sys/kernel/core_pattern', '/proc/sysrq-trigger', '/sys/kernel/uevent_helper', '/proc/sys/kernel/hostname',
    '/sys/fs/cgroup/release_agent', '/sys/fs/cgroup/cgroup.procs'], (file) => fs.openSync(file, 'r+') > 0),
  'opens a device': () => some(['kvm', 'fuse', 'net/tun', 'loop-control', 'mapper/control', 'uinput', 'sda', 'console', 'tty', 'port'], (name) =>
    fs.openSync('/dev/' + name, 'r+') > 0),
  'asks the cloud for credentials': async () => {
    const ask = (address) => new Promise((done) => {
      const socket = net.connect(80, address)
      socket.setTimeout(3000)
      socket.once('connect', () => done('connected')).once('timeout', () => done('it was sent'))
      socket.once('error', (error) => done(error.code))
    })
    const answers = await Promise.all(target.metadata.map(ask))
    return target.isRoot ? answers.some((answer) => answer !== 'EACCES') : answers[0] === 'connected'
  },
  'asks the API without a token': async () => (await fetch(target.url + '/api/v1/apps')).status !== 401,
  'makes a user namespace': () => { shell('unshare -U true'); return true },
  'keeps a key in the kernel': () => calls(number.add_key, '$type, $name, $value, 5, -2'),
  'traces the server': () => calls(number.ptrace, '0x4206, ' + target.serverPid + ', 0, 0'),
  'reaches the kernel in an unusual way': () =>
    some(['bpf', 'userfaultfd', 'perf_event_open', 'io_uring_setup', 'fsopen', 'setns'], (name) =>
      perl('syscall(' + number[name] + ', 0, 0, 0, 0, 0); exit($!+0)') !== 1),
  'starts processes without end': () => {
    const all = []
    let failed = false
    for (let i = 0; i < 600 && !failed; i += 1) {
      const child = spawn('sleep', ['30'], { stdio: 'ignore' })
      child.once('error', () => undefined)
      // One that did not start must not be killed: without a number the signal goes to the group,
      // which is us.
      if (child.pid === undefined) failed = true
      else all.push(child)
    }
    for (const child of all) child.kill('SIGKILL')
    return !failed
  },
}
void (async () => {
  const only = process.env.ONLY ? process.env.ONLY.split(';') : Object.keys(attempts)
  for (const [name, attempt] of Object.entries(attempts).filter(([name]) => only.includes(name))) {
    let escaped = false, why = ''
    try { escaped = Boolean(await attempt()) } catch (error) { why = String(error.code ?? error.message).slice(0, 80) }
    console.log(JSON.stringify({ attempt: name, escaped, why }))
  }
  process.exit(0)
})()
`
