import { vocabulary } from '#contract/gate/expression.ts'

const begin = '<!-- vocabulary: made by tools/generate.ts -->'
const end = '<!-- end of vocabulary -->'

/** What each name of an expression is, beside its type. */
const meanings: Record<keyof typeof vocabulary, string> = {
  tests: '`tests`, `last.tests`',
  coverage: '`coverage`, `last.coverage`: percent, and lines that can run',
  code: '`code`, `last.code`: `complex` functions have a cyclomatic complexity above 15, `duplication` is percent of the lines of code',
  materials: '`materials`, `last.materials`: of bills of materials',
  finding:
    'each of `findings`: `level` is error, warning or note; `severity` critical, high, medium, low, or empty',
  measurement:
    'each of `measurements`, by name: `change` is percent worse, `worse` the lower end of its 95 % interval',
  function: 'each of `functions`, those of the files that the change touched',
}

/** The document with its table of what gates can ask. */
export function withVocabulary(text: string): string {
  const rows = Object.entries(vocabulary).map(([name, fields]) => {
    const list = Object.entries(fields).map(([field, type]) => `\`${field}\` ${type}`)
    return `| ${meanings[name as keyof typeof vocabulary]} | ${list.join(', ')} |`
  })
  const table = ['| what | fields |', '|---|---|', ...rows].join('\n')
  const [before = '', rest = ''] = text.split(begin)
  return `${before}${begin}\n${table}\n${end}${rest.split(end)[1] ?? ''}`
}
