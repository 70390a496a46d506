import type { Detector, ProposedStep } from './detector.ts'
import type { Folder } from './folder.ts'
import { firstOf, healthIn, portNote } from './hints.ts'

/** Scripts named after what they do, at the top or in a folder for scripts. */
export const shell: Detector = {
  name: 'shell scripts',
  detect: (folder) => {
    const script = (...names: string[]): string | undefined =>
      firstOf(
        folder,
        names.flatMap((name) => [
          `${name}.sh`,
          `scripts/${name}.sh`,
          `script/${name}`,
          `bin/${name}.sh`,
        ]),
      )
    const steps = (['install', 'build', 'lint', 'test'] as const).flatMap(
      (name): ProposedStep[] => {
        const path = script(name)
        return path ? [{ name, run: call(folder, path) }] : []
      },
    )
    const start = script('start', 'run', 'serve', 'server')
    if (steps.length === 0 && !start) return null
    const health = start ? healthIn(folder.read(start)) : undefined
    return {
      steps,
      services: start
        ? [{ name: 'web', run: call(folder, start), ...(health ? { health } : {}) }]
        : [],
      found: [
        `Shell scripts: ${[...steps.map(({ name }) => name), ...(start ? [start] : [])].join(', ')}.`,
        ...(start ? portNote(start, folder.read(start)) : []),
      ],
    }
  },
}

/**
 * By the shell its first line names, because the mark that a file may be executed is easily lost.
 */
function call(folder: Folder, path: string): string {
  const program = /^#!.*\b(bash|zsh|ksh|dash)\b/.exec(folder.read(path))?.[1] ?? 'sh'
  return `${program} ${path}`
}
