import type { Exception, Frame } from '#contract/error/error.ts'

/** A frame as a trace names it; whether it belongs to the app is decided later. */
export type RawFrame = Omit<Frame, 'isOwn'>
export type RawException = Omit<Exception, 'frames'> & { frames: RawFrame[] }

/**
 * What a line is to an open trace: `part` of it; `maybe` a part, such as a line of its message, if
 * nothing else claims it; `end` when the line completes it; `over` when it was complete before the
 * line; `no` otherwise.
 */
export type Taken = 'part' | 'maybe' | 'end' | 'over' | 'no'

/** A trace of which the first line was read. */
export interface OpenTrace {
  take(line: string): Taken
  /** Adds a line that `take` called `maybe`. */
  keep(line: string): void
  /** The exception that was thrown last, then its causes; empty when the lines are no trace. */
  exceptions(): RawException[]
}

/** The stack traces of a language: one file of the folder `traces`. */
export interface TraceFormat {
  /** the name of the platform in Sentry's protocol */
  name: string
  title: string
  /** a trace as the runtime writes it, with the frame in which it was thrown */
  example: { text: string; type: string; message: string; frame: Partial<RawFrame> }
  /** Begins a trace with its first line; null when no trace begins with the line. */
  begin(line: string): OpenTrace | null
  /** Whether a frame belongs to the runtime or to a dependency. */
  isForeign(frame: RawFrame): boolean
}

export const defineTraceFormat = (format: TraceFormat): TraceFormat => format

/** Lines of a message that are kept. */
const messageLines = 20

/** What most formats share: exceptions with frames, the one that was thrown last first. */
export class TraceBuilder {
  readonly all: RawException[] = []
  #lines = 0

  /** Adds a cause of the exceptions so far. */
  add(type: string, message: string): RawException {
    const one = { type, message, frames: [] }
    this.all.push(one)
    this.#lines = 1
    return one
  }

  get last(): RawException | undefined {
    return this.all.at(-1)
  }

  /** Whether a line can still be part of the message: no frame was read since it began. */
  get isInMessage(): boolean {
    return this.last?.frames.length === 0 && this.#lines < messageLines
  }

  addToMessage(line: string): void {
    if (!this.last) return
    this.#lines += 1
    this.last.message = this.last.message === '' ? line.trim() : `${this.last.message}\n${line}`
  }

  /** The exceptions, if at least one of them has a frame. */
  get found(): RawException[] {
    return this.all.some(({ frames }) => frames.length > 0) ? this.all : []
  }
}

export const numberOr = (text: string | undefined): number | null =>
  text === undefined ? null : Number(text)

/** Returns whether a path contains one of the folders. */
export const isIn = (file: string | null, ...folders: string[]): boolean =>
  file !== null && folders.some((folder) => `/${file}`.includes(folder))
