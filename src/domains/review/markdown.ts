import {
  proofText,
  type ReviewAction,
  type ReviewDetail,
  type ReviewSectionName,
  reviewSectionNames,
  reviewSections,
} from '#contract/review/review.ts'
import { escapeMarkdown } from '#platform/markdown.ts'

export type Sections = Partial<Record<ReviewSectionName, string>>

const marker = '<!-- Write below this line. -->'
const headings = [
  ...reviewSectionNames.map((name) => `## ${reviewSections[name].title}`),
  ...['## Actions', '## Timeline'],
]
const known = new Map<string, ReviewSectionName>(
  reviewSectionNames.map((name) => [`## ${reviewSections[name].title}`, name] as const),
)
/** Whether a line is a heading of the review itself. */
const isHeading = (line: string): boolean => headings.includes(line)
/** The same of a line with a backslash for each time that it was escaped. */
const isEscapable = (line: string): boolean => isHeading(line.replace(/^\\+/, ''))

/** The text of a section as it is stored: no carriage returns, no empty lines around it. */
export const normalizeText = (text: string): string =>
  linesOf(text).join('\n').replace(/^\n+/, '').trimEnd()

const linesOf = (text: string): string[] => text.replace(/\r\n?/g, '\n').split('\n')

/** The first line of a review as Markdown: whose it is, and which version. */
const head = (incident: number, version: number): string =>
  `<!-- Fairlead: review of incident ${incident}, version ${version} -->`

/** A review as Markdown that `parseReview` reads. */
export function renderReview(review: Omit<ReviewDetail, 'markdown'>): string {
  const { incident, version, title, sections, actionList, timeline } = review
  return [
    head(incident, version),
    `# Review of incident ${incident}: ${escapeMarkdown(title)}`,
    ...sections.flatMap((section) => [
      `## ${section.title}`,
      `_${section.question}_`,
      ...(section.facts.length === 0
        ? []
        : [section.facts.map((fact) => `- ${escapeMarkdown(fact)}`).join('\n')]),
      marker,
      ...(section.text === '' ? [] : [escapeHeadings(section.text)]),
    ]),
    ...(actionList.length === 0 ? [] : ['## Actions', actionList.map(actionLine).join('\n')]),
    ...(timeline.length === 0
      ? []
      : [
          '## Timeline',
          timeline
            .map(({ time, actor, kind, text }) =>
              escapeMarkdown(`${time} ${kind === 'note' ? `${actor}: ` : ''}${text}`),
            )
            .map((line) => `- ${line}`)
            .join('\n'),
        ]),
    '',
  ].join('\n\n')
}

const actionLine = ({ title, owner, due, proof, state, reason, issue }: ReviewAction): string =>
  `- [${state === 'proven' ? 'x' : ' '}] ${escapeMarkdown(title)}: ${escapeMarkdown(owner)}, ` +
  `until ${due}. Proof: ${escapeMarkdown(proofText(proof))}. ${escapeMarkdown(reason)}` +
  (issue?.url ? `. [Issue ${issue.number}](${issue.url})` : '')

const escapeHeadings = (text: string): string =>
  linesOf(text)
    .map((line) => (isEscapable(line) ? `\\${line}` : line))
    .join('\n')

/**
 * The texts of people in a review as Markdown, and the version that they were based on. A section
 * that is missing is left out; what Fairlead wrote above the marker of a section is ignored.
 */
export function parseReview(markdown: string): {
  incident: number | null
  version: number | null
  sections: Sections
} {
  const found = /^<!-- Fairlead: review of incident (\d{1,15}), version (\d{1,9}) -->/m.exec(
    markdown,
  )
  const sections: Sections = {}
  for (const { heading, lines } of parts(markdown)) {
    const name = known.get(heading)
    if (name === undefined) continue
    const at = lines.indexOf(marker)
    const question = `_${reviewSections[name].question}_`
    const own = at === -1 ? lines.filter((line) => line !== question) : lines.slice(at + 1)
    const text = own.map((line) =>
      line.startsWith('\\') && isEscapable(line) ? line.slice(1) : line,
    )
    sections[name] = normalizeText(text.join('\n'))
  }
  return {
    incident: found ? Number(found[1]) : null,
    version: found ? Number(found[2]) : null,
    sections,
  }
}

/** The lines below each heading of a review. */
function parts(markdown: string): { heading: string; lines: string[] }[] {
  const result: { heading: string; lines: string[] }[] = []
  for (const line of linesOf(markdown)) {
    if (isHeading(line)) result.push({ heading: line, lines: [] })
    else result.at(-1)?.lines.push(line)
  }
  return result
}
