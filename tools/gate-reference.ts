import { vocabulary } from '#contract/gate/expression.ts'

const begin = '<!-- vocabulary: made by tools/generate.ts -->'
const end = '<!-- end of vocabulary -->'

/** The meaning of each name in an expression, shown next to its fields. */
const meanings: Record<keyof typeof vocabulary, string> = {
  tests: '`tests`, `last.tests`',
  coverage: '`coverage`, `last.coverage`: percentages, and numbers of executable lines',
  code:
    '`code`, `last.code`: `complex` counts the functions with a cyclomatic complexity above 15; ' +
    '`duplication` is a percentage of the lines of code',
  materials: '`materials`, `last.materials`: totals of all bills of materials',
  finding:
    'each of `findings`: `level` is error, warning or note; `severity` is critical, high, ' +
    'medium, low, or empty',
  measurement:
    'each of `measurements`, by name: `change` is how much worse it is in percent; `worse` is ' +
    'the lower end of the 95 % interval of `change`',
  function: 'each of `functions`: the functions of the files that the change touched',
}

/** The document with its table of the names and fields that gates can use. */
export function withVocabulary(text: string): string {
  const rows = Object.entries(vocabulary).map(([name, fields]) => {
    const list = Object.entries(fields).map(([field, type]) => `\`${field}\` ${type}`)
    return `| ${meanings[name as keyof typeof vocabulary]} | ${list.join(', ')} |`
  })
  const table = ['| Name | Fields |', '|---|---|', ...rows].join('\n')
  const [before = '', rest = ''] = text.split(begin)
  return `${before}${begin}\n${table}\n${end}${rest.split(end)[1] ?? ''}`
}
