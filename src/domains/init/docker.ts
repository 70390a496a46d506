import type { Detector } from './detector.ts'
import { escapeRegExp, firstOf, word } from './hints.ts'

/**
 * Images are not built yet; what a Dockerfile says about starting the app is of use all the same.
 */
export const docker: Detector = {
  name: 'Dockerfile',
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
    const later = `${file}: images are not built yet, the commands run on the machine itself; a target for Docker comes later.`
    if (command === null || !isPlain(command)) return { steps: [], services: [], found: [later] }
    const run = port
      ? command.replace(new RegExp(`(?<=[:=\\s])${escapeRegExp(port)}(?!\\d)`, 'g'), '$PORT')
      : command
    const listens =
      run.includes('$PORT') || !port
        ? []
        : [`${file} exposes port ${port}: the service has to listen on $PORT instead.`]
    return {
      steps: [],
      services: [{ name: 'web', run, comment: `from ${file}` }],
      found: [later, ...listens],
    }
  },
}

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

/** One command whose program is found outside of the image too. */
const isPlain = (command: string): boolean =>
  /^[A-Za-z0-9_./-]+(\s|$)/.test(command) && !command.startsWith('/') && !/[\0\n]/.test(command)
