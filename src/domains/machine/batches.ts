/**
 * Divides machines into the batches of `batches`: numbers and percentages of all machines, of which
 * the last one repeats. Null for all at once, without a limit. Pure.
 */
export function batchesOf(names: readonly string[], sizes: readonly string[]): string[][] | null {
  if (sizes.length === 0) return null
  const batches: string[][] = []
  for (let done = 0; done < names.length;) {
    const size = sizes[Math.min(batches.length, sizes.length - 1)] ?? '100%'
    const count = size.endsWith('%')
      ? Math.max(1, Math.floor((names.length * Number(size.slice(0, -1))) / 100))
      : Number(size)
    batches.push(names.slice(done, done + count))
    done += count
  }
  return batches
}

/**
 * The machines that `ansible-playbook --list-hosts` names: in the order of their declaration, or by
 * name, because Ansible lists the members of a group in any order. Pure. It prints, for each play,
 * `hosts (2):` and one name a line.
 */
export function listedMachines(lines: readonly string[], declared: readonly string[]): string[] {
  const names = new Set<string>()
  let left = 0
  for (const line of lines) {
    const head = /^ {4}hosts \((\d+)\):/.exec(line)
    if (head) left = Number(head[1])
    else if (left > 0 && line.startsWith('      ')) {
      names.add(line.trim())
      left -= 1
    }
  }
  const orderOf = (name: string): number => {
    const position = declared.indexOf(name)
    return position === -1 ? declared.length : position
  }
  return [...names].sort(
    (a, b) => orderOf(a) - orderOf(b) || a.localeCompare(b, 'en', { numeric: true }),
  )
}
