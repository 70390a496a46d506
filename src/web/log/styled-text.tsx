import { markSpans, parseAnsi } from './ansi.ts'

/** A line of output in the styles of its control sequences. */
export function StyledText({ text }: { text: string }) {
  return markSpans(parseAnsi(text), '').map((span, at) => (
    <span
      key={at}
      className={span.classes}
      style={
        span.color || span.background
          ? { color: span.color, background: span.background }
          : undefined
      }
    >
      {span.text}
    </span>
  ))
}
