import { memo } from 'react'
import type { LogLine } from '#contract/run/run.ts'
import { timeWords } from '#contract/time-words.ts'
import { markSpans, parseAnsi } from './ansi.ts'

interface Props {
  n: number
  line: LogLine | 'missing' | undefined
  digits: number
  isWrapped: boolean
  hasTime: boolean
  isLinked: boolean
  isMatch: boolean
  wanted: string
  link: (n: number) => void
}

/** One line of a log: its number, which copies a link to the line, and its text. */
export const LogLineView = memo(function LogLineView({
  n,
  line,
  digits,
  isWrapped,
  hasTime,
  isLinked,
  isMatch,
  wanted,
  link,
}: Props) {
  const background = isLinked ? 'bg-warn/15' : isMatch ? 'bg-move/12' : 'hover:bg-hover'
  return (
    <div id={`L${n}`} className={`flex ${background}`}>
      <button
        type="button"
        tabIndex={-1}
        onClick={() => link(n)}
        title={titleOf(n, line)}
        aria-label={`Copy a link to line ${n}`}
        style={{ width: `${digits + 3}ch` }}
        className="shrink-0 self-start pr-[2ch] text-right text-soft select-none hover:text-ink"
      >
        {n}
      </button>
      {hasTime ? (
        <span className="w-[14ch] shrink-0 self-start text-soft select-none">
          {line && line !== 'missing' ? clockTime(line.time) : ''}
        </span>
      ) : null}
      <LineText line={line} isWrapped={isWrapped} wanted={wanted} />
    </div>
  )
})

/** The width of a time with its gap, in characters. */
export const timeWidth = 14

/** The time of day in the time zone of the browser, to the millisecond. */
function clockTime(time: number): string {
  const at = new Date(time)
  const two = (value: number): string => String(value).padStart(2, '0')
  const day = [at.getHours(), at.getMinutes(), at.getSeconds()].map(two).join(':')
  return `${day}.${String(at.getMilliseconds()).padStart(3, '0')}`
}

function titleOf(n: number, line: Props['line']): string {
  if (!line || line === 'missing') return `Line ${n}`
  return `Line ${n}, ${timeWords(line.time)}: copy a link`
}

function LineText({ line, isWrapped, wanted }: Pick<Props, 'line' | 'isWrapped' | 'wanted'>) {
  if (line === undefined) return <span className="text-soft"> </span>
  if (line === 'missing') return <span className="text-warn italic">this line was lost</span>
  const tone = line.stream === 'fairlead' ? 'text-move' : ''
  const wrap = isWrapped ? 'whitespace-pre-wrap break-all [overflow-wrap:normal]' : 'whitespace-pre'
  return (
    <span className={`min-w-0 flex-1 ${wrap} ${tone}`}>
      {markSpans(parseAnsi(line.text), wanted).map((span, index) => {
        const style =
          span.color || span.background
            ? { color: span.color, background: span.background }
            : undefined
        const text = span.marked ? (
          <mark className="rounded-xs bg-warn/40 text-ink">{span.text}</mark>
        ) : (
          span.text
        )
        return span.classes === '' && !style ? (
          <span key={index}>{text}</span>
        ) : (
          <span key={index} className={span.classes} style={style}>
            {text}
          </span>
        )
      })}
    </span>
  )
}
