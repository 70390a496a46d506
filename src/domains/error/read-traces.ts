import type { Exception } from '#contract/error/error.ts'
import { splitLine, traceInJson } from './line.ts'
import { plainPath } from './paths.ts'
import type { OpenTrace, RawException, TraceFormat } from './trace.ts'
import { traces } from './traces.generated.ts'

const formats: readonly TraceFormat[] = traces

/** A trace in the output of a service. */
export interface FoundTrace {
  language: string
  exceptions: Exception[]
  /** milliseconds, by the line; null when the line has no time */
  time: number | null
}

interface Open {
  /** The formats that the lines may have; the first one with a frame remains. */
  candidates: { format: TraceFormat; trace: OpenTrace }[]
  writer: string
  first: number
  time: number | null
  /** Lines of others since its last line. */
  others: number
}

/** Lines of others after which a trace is over, and lines after which it is cut. */
const mostOthers = 25
const mostLines = 1000
/** Frames and characters that are kept of an exception. */
const limits = { frames: 100, message: 2000, exceptions: 8 }

/**
 * Finds the stack traces in lines of output. Lines of several writers may be mixed. `consumed` is
 * the number of lines that need not be read again: a trace whose end is not known yet begins there,
 * unless `isOver` says that nothing follows.
 */
export function readTraces(
  lines: readonly string[],
  { isOver }: { isOver: boolean },
): { found: FoundTrace[]; consumed: number } {
  const reader = new Reader()
  lines.forEach((line, at) => reader.read(line, at))
  return reader.end(lines.length, isOver)
}

class Reader {
  readonly #found: { trace: FoundTrace; first: number }[] = []
  /** The last one that took a line is the last. */
  #open: Open[] = []

  read(line: string, at: number): void {
    const json = traceInJson(line)
    if (json) {
      const { found } = readTraces(json.text.split('\n'), { isOver: true })
      const [first] = found
      if (first) this.#found.push({ trace: { ...first, time: json.time }, first: at })
      return
    }
    const { writer, text, time } = splitLine(line)
    if (this.#offer(writer, text, 'part')) return this.#age(at)
    const candidates = formats.flatMap((format) => {
      const trace = format.begin(text)
      return trace ? [{ format, trace }] : []
    })
    if (candidates.length > 0) this.#open.push({ candidates, writer, first: at, time, others: -1 })
    else this.#offer(writer, text, 'maybe')
    this.#age(at)
  }

  /** Returns whether an open trace took the line. */
  #offer(writer: string, text: string, as: 'part' | 'maybe'): boolean {
    const mine = this.#open.filter((one) => one.writer === writer)
    // Loggers write their prefix only before the first line of a trace.
    const wanted = mine.length > 0 || writer !== '' ? mine : this.#open
    for (const one of wanted.toReversed()) if (this.#give(one, text, as)) return true
    return false
  }

  #give(one: Open, text: string, as: 'part' | 'maybe'): boolean {
    if (as === 'maybe') {
      const takers = one.candidates.filter(({ trace }) => trace.take(text) === 'maybe')
      for (const { trace } of takers) trace.keep(text)
      if (takers.length > 0) one.others = -1
      return takers.length > 0
    }
    for (const candidate of one.candidates) {
      const taken = candidate.trace.take(text)
      if (taken === 'over') {
        this.#close(one)
        return false
      }
      if (taken !== 'part' && taken !== 'end') continue
      // Another format would have taken the line if it were one of its own.
      if (candidate.trace.exceptions().length > 0) one.candidates = [candidate]
      one.others = -1
      this.#open = [...this.#open.filter((other) => other !== one), one]
      if (taken === 'end') this.#close(one)
      return true
    }
    return false
  }

  #age(at: number): void {
    for (const one of this.#open) one.others += 1
    for (const one of this.#open.filter((old) => isOld(old, at))) this.#close(one)
  }

  #close(one: Open): void {
    this.#open = this.#open.filter((other) => other !== one)
    for (const { format, trace: open } of one.candidates) {
      const exceptions = open.exceptions()
      if (exceptions.length === 0) continue
      const shaped = exceptions.slice(0, limits.exceptions).map((raw) => shape(raw, format))
      const { time, first } = one
      const trace = { language: format.name, exceptions: shaped, time }
      this.#found.push({ trace, first })
      return
    }
  }

  end(count: number, isOver: boolean): { found: FoundTrace[]; consumed: number } {
    const consumed = isOver ? count : Math.min(count, ...this.#open.map(({ first }) => first))
    if (isOver) for (const one of [...this.#open]) this.#close(one)
    const found = this.#found.toSorted((a, b) => a.first - b.first)
    return { found: found.map(({ trace }) => trace), consumed }
  }
}

const isOld = ({ others, first }: Open, at: number): boolean =>
  others > mostOthers || at - first > mostLines

function shape({ type, message, frames }: RawException, format: TraceFormat): Exception {
  return {
    type: type.slice(0, 200),
    message: message.trimEnd().slice(0, limits.message),
    frames: frames.slice(0, limits.frames).map((frame) => ({
      ...frame,
      function: frame.function?.slice(0, 300) ?? null,
      file: frame.file === null ? null : plainPath(frame.file),
      isOwn: !format.isForeign(frame),
    })),
  }
}
