import { formats } from '#domains/report/formats.generated.ts'
import type { Topic } from '#domains/report/report.ts'

const begin = '<!-- formats: made by tools/generate.ts -->'
const end = '<!-- end of formats -->'

/** What Fairlead does with the contents of a report, by topic. */
const uses: Record<Topic, string> = {
  tests:
    'a failing test fails the step, even if the command exits with 0; see `fairlead tests RUN`',
  coverage:
    'executable lines and how many of them ran, in total and for the lines that the change ' +
    'touched; see `fairlead coverage RUN`',
  findings:
    'results of static analysis and security tools, new ones first; see `fairlead findings RUN`',
  measurements:
    'numbers with a unit and a direction, and whether they are worse than the noise explains; ' +
    'see `fairlead measurements RUN`',
  materials:
    'the components of the artifact, stored as evidence; their known vulnerabilities become ' +
    'findings',
}

/** The document with its table of the report formats, grouped by topic. */
export function withFormats(text: string): string {
  const rows = Object.entries(uses).map(([topic, use]) => {
    const titles = formats
      .filter(({ topics }) => topics.includes(topic as Topic))
      .map(({ title }) => title)
    return `| ${topic} | ${titles.join(', ')} | ${use} |`
  })
  const table = ['| Topic | Formats | What Fairlead does with it |', '|---|---|---|', ...rows]
  const [before = '', rest = ''] = text.split(begin)
  return `${before}${begin}\n${table.join('\n')}\n${end}${rest.split(end)[1] ?? ''}`
}
