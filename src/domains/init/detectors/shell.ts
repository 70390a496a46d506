import { defineDetector, type ProposedStep } from '../detector.ts'
import type { Folder } from '../folder.ts'
import { firstOf, healthIn, portNote } from '../hints.ts'

/** Scripts with well-known names, in the root or in a folder for scripts. */
export default defineDetector({
  name: 'shell scripts',
  kind: 'any',
  order: 20,
  example: { 'test.sh': 'true' },
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
        `Shell scripts: ${[...steps.map(({ name }) => name), start].filter(Boolean).join(', ')}.`,
        ...(start ? portNote(start, folder.read(start)) : []),
      ],
    }
  },
})

/**
 * Runs a script with the shell of its first line, because scripts often lose their executable bit.
 */
function call(folder: Folder, path: string): string {
  const program = /^#!.*\b(bash|zsh|ksh|dash)\b/.exec(folder.read(path))?.[1] ?? 'sh'
  return `${program} ${path}`
}
