import { memo, useEffect, useMemo, useRef, useState } from 'react'
import type { ChangedFile, ChangeReport } from '#contract/change/change.ts'
import type { DiffLine } from '#contract/change/diff.ts'
import type { Finding } from '#contract/report/report.ts'
import { useChangedFile } from '../live/run-queries.ts'
import { Button } from '../ui/button.tsx'
import { formatCount } from '../ui/number.ts'
import { ProblemLine } from '../ui/problem.tsx'
import { Nothing, Section } from '../ui/page.tsx'
import { levelBadges } from './lists.tsx'
import { StatusIcon } from '../ui/status.tsx'
import { type DiffPart, firstParts, initiallyOpen, partLines, partsOf } from './words.ts'
import { classes } from '../ui/classes.ts'
import { Scrollable } from '../ui/scrollable.tsx'

/** The diff, annotated with coverage and findings. Files with problems come first. */
export function Files({ run, files }: { run: number; files: ChangeReport['files'] }) {
  if (files === null)
    return (
      <Section title="Files">
        <Nothing>
          The commits cannot be compared: one of them is no longer in the repository, or their
          difference exceeds 64 MB.
        </Nothing>
      </Section>
    )
  if (files.length === 0)
    return (
      <Section title="Files">
        <Nothing>No files differ from the last successful release.</Nothing>
      </Section>
    )
  const sorted = files.toSorted((a, b) => weight(b) - weight(a))
  const open = initiallyOpen(sorted)
  const [added, removed] = [
    sum(files.map((file) => file.added)),
    sum(files.map((file) => file.removed)),
  ]
  return (
    <Section
      title={files.length === 1 ? '1 file' : `${files.length} files`}
      aside={
        <p className="text-soft">
          <span className="text-good">+{added}</span> <span className="text-bad">−{removed}</span>
        </p>
      }
    >
      <div className="flex flex-col gap-3">
        {sorted.map((file) => (
          <File key={file.path} run={run} file={file} isInitiallyOpen={open.has(file.path)} />
        ))}
      </div>
    </Section>
  )
}

const sum = (numbers: number[]): number => numbers.reduce((all, one) => all + one, 0)
const weight = ({ findings, coverage }: ChangedFile): number =>
  findings.length * 1000 + (coverage?.missed.length ?? 0)

function File({
  run,
  file,
  isInitiallyOpen,
}: {
  run: number
  file: ChangedFile
  isInitiallyOpen: boolean
}) {
  const [isOpen, setOpen] = useState(isInitiallyOpen)
  const grown = file.functions.filter(
    ({ cyclomatic, before }) => cyclomatic > 15 && cyclomatic > (before?.cyclomatic ?? 0),
  )
  return (
    <details
      open={isOpen}
      onToggle={(event) => setOpen(event.currentTarget.open)}
      className="panel overflow-hidden [content-visibility:auto]"
    >
      <summary
        className={classes(
          'flex flex-wrap items-center gap-x-3 gap-y-0.5 px-4 py-2',
          'hover:bg-hover/60',
        )}
      >
        <span className="min-w-0 flex-1 basis-full font-mono text-small sm:basis-0">
          {file.before !== null && file.before !== file.path ? (
            <span className="text-soft">{file.before} → </span>
          ) : null}
          {file.path}
        </span>
        <FileNotes file={file} />
        <span>
          <span className="text-good">+{file.added}</span>{' '}
          <span className="text-bad">−{file.removed}</span>
        </span>
      </summary>
      {grown.map((one) => (
        <p key={`${one.name}${one.line}`} className="flex gap-2 border-t border-edge px-4 py-1.5">
          <StatusIcon tone="warn" />
          <span>
            <code className="font-mono">{one.name}</code> (line {one.line}) has complexity{' '}
            {one.cyclomatic}
            {one.before ? ` (was ${one.before.cyclomatic})` : ' (new function)'}; cognitive
            complexity {one.cognitive}
          </span>
        </p>
      ))}
      {file.duplicates.map((one) => (
        <p key={one.line} className="flex gap-2 border-t border-edge px-4 py-1.5">
          <StatusIcon tone="warn" />
          <span>
            Lines {one.line} to {one.end} duplicate{' '}
            <code className="font-mono">
              {one.of.file}:{one.of.line}
            </code>
          </span>
        </p>
      ))}
      {file.isCut ? <CutFile run={run} file={file} /> : null}
      {file.isBinary ? (
        <p className="border-t border-edge px-4 py-3 text-soft">Binary file.</p>
      ) : null}
      {isOpen && file.hunks.length > 0 ? <Hunks file={file} /> : null}
    </details>
  )
}

/** A long diff, which is loaded when the user asks for it. */
function CutFile({ run, file }: { run: number; file: ChangedFile }) {
  const [isWanted, want] = useState(false)
  const { data, error } = useChangedFile(run, file.path, isWanted)
  if (data) return <Hunks file={data} />
  return (
    <div className="flex flex-wrap items-center gap-3 border-t border-edge px-4 py-3 text-soft">
      <span>The diff is long: {formatCount(file.added + file.removed)} changed lines.</span>
      {error ? (
        <ProblemLine error={error} />
      ) : (
        <Button disabled={isWanted} onClick={() => want(true)}>
          {isWanted ? 'Loading …' : 'Show the diff'}
        </Button>
      )}
    </div>
  )
}

function FileNotes({ file: { status, coverage, findings } }: { file: ChangedFile }) {
  const lines = coverage ? coverage.reached.length + coverage.missed.length : 0
  const notes = [
    status === 'changed' ? null : status,
    findings.length > 0
      ? `${findings.length} ${findings.length === 1 ? 'finding' : 'findings'}`
      : null,
    coverage && lines > 0 ? `${coverage.reached.length} of ${lines} lines covered` : null,
  ].filter((one) => one !== null)
  return <span className="text-soft">{notes.join(' · ')}</span>
}

function Hunks({ file }: { file: ChangedFile }) {
  const [most, setMost] = useState(partLines)
  const parts = useMemo(() => partsOf(file.hunks), [file.hunks])
  const shown = firstParts(parts, most)
  const marksOfLines = useMemo(
    () => ({ reached: new Set(file.coverage?.reached), missed: new Set(file.coverage?.missed) }),
    [file.coverage],
  )
  const findings = useMemo(
    () => Map.groupBy(file.findings, ({ line }) => line ?? 0),
    [file.findings],
  )
  const loose = file.findings.filter(
    ({ line }) => !file.hunks.some((hunk) => hunk.lines.some((one) => one.line === line)),
  )
  return (
    <Scrollable
      label={`Lines of ${file.path}`}
      className="border-t border-edge font-mono text-small leading-[1.55]"
    >
      {loose.map((finding, index) => (
        <FindingLine key={index} finding={finding} place={finding.line} />
      ))}
      <table className="w-full border-collapse" aria-label={`Diff of ${file.path}`}>
        {shown.map((part, index) => (
          <Part key={index} part={part} marks={marksOfLines} findings={findings} />
        ))}
      </table>
      {shown.length < parts.length ? (
        <NextPart show={() => setMost((old) => old + partLines)} />
      ) : null}
    </Scrollable>
  )
}

const Part = memo(function Part({
  part,
  marks: { reached, missed },
  findings,
}: {
  part: DiffPart
  marks: { reached: Set<number>; missed: Set<number> }
  findings: Map<number, Finding[]>
}) {
  return (
    <tbody>
      {part.heading === null ? null : (
        <tr className="bg-sunken text-soft">
          <td colSpan={4} className="px-4 py-0.5">
            ⋯ {part.heading}
          </td>
        </tr>
      )}
      {part.lines.map((line, at) => (
        <Line
          key={at}
          line={line}
          mark={markOf(line, reached, missed)}
          findings={line.line === null ? [] : (findings.get(line.line) ?? [])}
        />
      ))}
    </tbody>
  )
})

/** Shows the next part when the reader comes near it. */
function NextPart({ show }: { show: () => void }) {
  const button = useRef<HTMLDivElement>(null)
  const latest = useRef(show)
  latest.current = show
  useEffect(() => {
    if (!button.current) return
    const observer = new IntersectionObserver(
      (entries) => {
        if (entries.some(({ isIntersecting }) => isIntersecting)) latest.current()
      },
      { rootMargin: '800px' },
    )
    observer.observe(button.current)
    return () => observer.disconnect()
  }, [])
  return (
    <div ref={button} className="px-4 py-2 font-sans">
      <Button onClick={show}>Show more lines</Button>
    </div>
  )
}

type Mark = 'reached' | 'missed' | null

const markOf = ({ line }: DiffLine, reached: Set<number>, missed: Set<number>): Mark =>
  line === null ? null : missed.has(line) ? 'missed' : reached.has(line) ? 'reached' : null

const grounds: Record<DiffLine['kind'], string> = {
  same: '',
  added: 'bg-good/10',
  removed: 'bg-bad/10',
}
const signs: Record<DiffLine['kind'], string> = { same: ' ', added: '+', removed: '−' }
const marks = {
  reached: { text: '✓', class: 'text-good', title: 'Covered by a test' },
  missed: { text: '✗', class: 'text-bad', title: 'Not covered by any test' },
}

function Line({ line, mark, findings }: { line: DiffLine; mark: Mark; findings: Finding[] }) {
  const shown = mark && marks[mark]
  return (
    <>
      <tr className={grounds[line.kind]}>
        <td
          className={classes(
            'w-[1%] min-w-12 pr-2 pl-4 text-right whitespace-nowrap text-soft',
            'select-none',
          )}
        >
          {line.line ?? ''}
        </td>
        <td
          className={`w-[1%] px-1 text-center select-none ${shown?.class ?? ''}`}
          title={shown?.title}
        >
          {shown?.text}
        </td>
        <td className="w-[1%] px-1 text-soft select-none">{signs[line.kind]}</td>
        <td className="pr-4 whitespace-pre">{line.text}</td>
      </tr>
      {findings.map((finding, index) => (
        <tr key={index}>
          <td colSpan={4}>
            <FindingLine finding={finding} place={null} />
          </td>
        </tr>
      ))}
    </>
  )
}

function FindingLine({ finding, place }: { finding: Finding; place: number | null }) {
  return (
    <p
      className={classes(
        'flex items-start gap-2 border-y border-edge bg-sunken px-4 py-1.5',
        'font-sans text-lg',
      )}
    >
      <StatusIcon tone={levelBadges[finding.level].tone} />
      <span>
        {place === null ? null : <span className="text-soft">line {place}: </span>}
        {finding.message}{' '}
        <span className="text-soft">
          {finding.tool} {finding.rule}
        </span>
        {finding.isNew ? <span className="text-warn"> new</span> : null}
      </span>
    </p>
  )
}
