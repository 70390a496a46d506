import { defineDetector, type ProposedStep } from '../detector.ts'
import { firstOf } from '../hints.ts'

export default defineDetector({
  name: 'Deno',
  kind: 'language',
  order: 70,
  example: { 'deno.json': '{}' },
  detect: (folder) => {
    const file = firstOf(folder, ['deno.json', 'deno.jsonc'])
    if (!file || folder.has('package.json')) return null
    const has = (task: string): boolean => new RegExp(`"${task}"\\s*:`).test(folder.read(file))
    const hasTests = folder.files.some((path) => /[._]test\.(m?ts|m?js|tsx)$/.test(path))
    const test = has('test') ? 'deno task test' : hasTests ? 'deno test --allow-all' : null
    const steps: ProposedStep[] = [
      ...(has('build') ? [{ name: 'build', run: 'deno task build', tools: ['deno'] }] : []),
      ...(test ? [{ name: 'test', run: test, tools: ['deno'] }] : []),
    ]
    const main = firstOf(folder, ['main.ts', 'server.ts', 'mod.ts'])
    const run = has('start') ? 'deno task start' : main ? `deno run --allow-all ${main}` : null
    return { steps, services: run ? [{ name: 'web', run }] : [], found: [`${file}: Deno.`] }
  },
})
