import { defineDetector, type ProposedStep } from '../detector.ts'
import { firstOf, healthIn } from '../hints.ts'

export default defineDetector({
  name: 'Makefile',
  kind: 'any',
  order: 10,
  example: { Makefile: 'test:\n\ttrue\n' },
  detect: (folder) => {
    const file = firstOf(folder, ['Makefile', 'makefile', 'GNUmakefile'])
    if (!file) return null
    const targets = [...folder.read(file).matchAll(/^([A-Za-z0-9][\w.-]*)\s*:(?!=)/gm)].map(
      ([, name]) => name ?? '',
    )
    const pick = (...names: string[]): string | undefined =>
      names.find((name) => targets.includes(name))
    const step = (name: string, target: string | undefined): ProposedStep[] =>
      target ? [{ name, run: `make ${target}`, tools: ['make'] }] : []
    const build =
      pick('build', 'all') ??
      targets.find((name) => !/^(clean|install|test|check|lint|run|serve|start|help|\.)/.test(name))
    const run = pick('serve', 'run', 'start', 'server')
    const health = healthIn(
      ...folder.files
        .filter((path) => /\.(c|cc|cpp|h|js|py|go|rb)$/.test(path))
        .slice(0, 50)
        .map(folder.read),
    )
    const wanted = [build, run, pick('lint'), pick('test', 'check', 'tests')]
    if (wanted.every((target) => target === undefined)) return null
    return {
      steps: [
        ...step('build', build),
        ...step('lint', pick('lint')),
        ...step('test', pick('test', 'check', 'tests')),
      ],
      services: run
        ? [
            {
              name: 'web',
              run: `make ${run}`,
              comment: 'must listen on $PORT',
              ...(health ? { health } : {}),
            },
          ]
        : [],
      found: [`${file}: the targets are ${targets.slice(0, 8).join(', ') || 'none'}.`],
    }
  },
})
