/** What the target writes in place of a secret. */
const hidden = '***'

/**
 * Hides the lines of a unified difference that stand beside a secret: what a machine has in its
 * place may be the secret before, which no target knows. Pure.
 */
export function hideBesideSecrets(diff: string): string {
  if (!diff.includes(hidden)) return diff
  const lines = diff.split('\n')
  const isBody = (line: string): boolean => /^[-+](?!(--|\+\+) )/.test(line)
  for (let from = 0; from < lines.length;) {
    let until = from
    while (until < lines.length && isBody(lines[until]!)) until += 1
    const block = lines.slice(from, until)
    if (block.some((line) => line.includes(hidden)))
      block.forEach((line, i) => {
        if (!line.includes(hidden)) lines[from + i] = `${line[0]}${hidden}`
      })
    from = Math.max(until, from + 1)
  }
  return lines.join('\n')
}
