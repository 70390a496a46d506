/**
 * Which system calls commands of apps may make. `default` blocks those that mostly serve attacks on
 * the kernel; `namespaces` allows user namespaces and mounts in them, for browsers and containers
 * with a sandbox of their own; `all` has no filter.
 */
export type SystemCalls = 'default' | 'namespaces' | 'all'

interface Machine {
  /** AUDIT_ARCH of linux/audit.h */
  audit: number
  column: 0 | 1
}

const machines: Record<string, Machine> = {
  x64: { audit: 0xc000003e, column: 0 },
  arm64: { audit: 0xc00000b7, column: 1 },
}

/** Numbers of system calls on x86_64 and aarch64: asm/unistd_64.h, asm-generic/unistd.h. */
const blocked: Record<string, [number, number]> = {
  acct: [163, 89],
  add_key: [248, 217],
  bpf: [321, 280],
  delete_module: [176, 106],
  finit_module: [313, 273],
  init_module: [175, 105],
  io_uring_enter: [426, 426],
  io_uring_register: [427, 427],
  io_uring_setup: [425, 425],
  kexec_file_load: [320, 294],
  kexec_load: [246, 104],
  keyctl: [250, 219],
  lookup_dcookie: [212, 18],
  open_by_handle_at: [304, 265],
  perf_event_open: [298, 241],
  quotactl: [179, 60],
  quotactl_fd: [443, 443],
  reboot: [169, 142],
  request_key: [249, 218],
  swapoff: [168, 225],
  swapon: [167, 224],
  syslog: [103, 116],
  userfaultfd: [323, 282],
}

/** Blocked unless namespaces are allowed. */
const mounting: Record<string, [number, number]> = {
  fsconfig: [431, 431],
  fsmount: [432, 432],
  fsopen: [430, 430],
  fspick: [433, 433],
  mount: [165, 40],
  mount_setattr: [442, 442],
  move_mount: [429, 429],
  open_tree: [428, 428],
  open_tree_attr: [467, 467],
  pivot_root: [155, 41],
  setns: [308, 268],
  umount2: [166, 39],
}

const [clone, unshare, clone3, socket] = [[56, 220] as const, [272, 97], [435, 435], [41, 198]]

/** Values of arguments: linux/sched.h, linux/socket.h. */
const newUser = 0x10000000
const vsock = 40

/** Instructions and results of filters: linux/bpf_common.h, linux/seccomp.h. */
const op = { load: 0x20, equal: 0x15, atLeast: 0x35, hasBits: 0x45, return: 0x06 }
const allow = 0x7fff0000
const errno = (number: number): number => 0x00050000 | number
const [notPermitted, notImplemented] = [errno(1), errno(38)]

/** Offsets in struct seccomp_data. */
const at = { call: 0, machine: 4, firstArgument: 16 }

type Instruction = [code: number, ifTrue: number, ifFalse: number, value: number]

const load = (offset: number): Instruction => [op.load, 0, 0, offset]
const answer = (result: number): Instruction => [op.return, 0, 0, result]

/**
 * A filter for seccomp(2) as a program of classic BPF, for bwrap(1) `--seccomp`; null when there is
 * none. Blocked calls fail with EPERM, and those of other architectures of the machine with ENOSYS.
 * So does clone3, whose flags a filter cannot see, and C libraries then use clone. A process can
 * trace only its own kind, because it sees no others: `ptrace` stays, for debuggers and sanitizers.
 */
export function systemCallFilter(arch: string, mode: SystemCalls): Buffer | null {
  const machine = machines[arch]
  if (machine === undefined || mode === 'all') return null
  const numberOf = (numbers: readonly number[]): number => numbers[machine.column] ?? -1
  const names = mode === 'default' ? { ...blocked, ...mounting } : blocked
  const when = (numbers: readonly number[], then: Instruction[]): Instruction[] => [
    [op.equal, 0, then.length, numberOf(numbers)],
    ...then,
  ]
  const firstArgument = (test: number, value: number): Instruction[] => [
    load(at.firstArgument),
    [test, 0, 1, value],
    answer(notPermitted),
    answer(allow),
  ]
  const program: Instruction[] = [
    load(at.machine),
    [op.equal, 1, 0, machine.audit],
    answer(notImplemented),
    load(at.call),
    // The calls of x32 have this bit, and other numbers.
    [op.atLeast, 0, 1, 0x40000000],
    answer(notImplemented),
    ...Object.values(names).flatMap((numbers) => when(numbers, [answer(notPermitted)])),
    ...when(socket, firstArgument(op.equal, vsock)),
    ...(mode === 'namespaces'
      ? []
      : [
          ...when(clone3, [answer(notImplemented)]),
          ...when(clone, firstArgument(op.hasBits, newUser)),
          ...when(unshare, firstArgument(op.hasBits, newUser)),
        ]),
    answer(allow),
  ]
  return Buffer.concat(program.map(encode))
}

/** One `struct sock_filter`; both machines are little-endian. */
function encode([code, ifTrue, ifFalse, value]: Instruction): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeUInt16LE(code, 0)
  bytes.writeUInt8(ifTrue, 2)
  bytes.writeUInt8(ifFalse, 3)
  bytes.writeUInt32LE(value >>> 0, 4)
  return bytes
}
