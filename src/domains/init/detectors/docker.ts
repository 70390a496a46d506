import { defineDetector } from '../detector.ts'
import { escapeRegExp, firstOf, word } from '../hints.ts'

/** Takes the command that starts the app from a Dockerfile. Images are not built. */
export default defineDetector({
  name: 'Dockerfile',
  kind: 'any',
  order: 40,
  example: { Dockerfile: 'CMD ["./server"]' },
  detect: (folder) => {
    const file = firstOf(folder, ['Dockerfile', 'Containerfile'])
    if (!file) return null
    const lines = folder
      .read(file)
      .replace(/\\\r?\n/g, ' ')
      .split(/\r?\n/)
    const last = (instruction: string): string =>
      lines
        .findLast((line) => new RegExp(`^\\s*${instruction}\\s`, 'i').test(line))
        ?.trim()
        .slice(instruction.length)
        .trim() ?? ''
    const command = commandOf(last('ENTRYPOINT'), last('CMD'))
    const port = /^\d+/.exec(last('EXPOSE'))?.[0]
    const note = `${file}: images are not built; the commands run directly on the machine.`
    if (command === null || !isPlain(command)) return { steps: [], services: [], found: [note] }
    const run = port
      ? command.replace(new RegExp(`(?<=[:=\\s])${escapeRegExp(port)}(?!\\d)`, 'g'), '$PORT')
      : command
    const listens =
      run.includes('$PORT') || !port
        ? []
        : [`${file} exposes port ${port}; the service must listen on $PORT instead.`]
    return {
      steps: [],
      services: [{ name: 'web', run, comment: `from ${file}` }],
      found: [note, ...listens],
    }
  },
})

function commandOf(entrypoint: string, command: string): string | null {
  const parts = [entrypoint, command].filter(Boolean).map((text) => {
    if (!text.startsWith('[')) return text
    try {
      const list = JSON.parse(text) as unknown
      return Array.isArray(list) && list.every((item) => typeof item === 'string')
        ? list.map(word).join(' ')
        : null
    } catch {
      return null
    }
  })
  return parts.length === 0 || parts.includes(null) ? null : parts.join(' ')
}

/** A command whose program also exists outside the image. */
const isPlain = (command: string): boolean =>
  /^[A-Za-z0-9_./-]+(\s|$)/.test(command) &&
  !command.startsWith('/') &&
  !/^(ba|z)?sh$/.test(command) &&
  !/[\0\n]/.test(command)
