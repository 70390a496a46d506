import { errorTable } from '#contract/errors.ts'

/** docs/errors.md: every row of the table. */
export function errorReference(): string {
  const rows = Object.entries(errorTable).map(
    ([code, row]) =>
      `## ${code}\n\nHTTP ${row.status}. ${row.title}\n\n**What to do:** ${row.next}\n`,
  )
  return `# Errors

Every error of the API is a problem document ([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)) with
the \`code\` of this table, one sentence (\`title\`), and what to do (\`next\`). Names in braces are
replaced from \`details\`. The command line prints both sentences; its exit codes are in
[cli.md](cli.md). This page is generated from \`src/contract/errors.ts\`.

${rows.join('\n')}`
}
