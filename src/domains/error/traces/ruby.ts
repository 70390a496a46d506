import { classHead, type Head } from '../head.ts'
import { defineTraceFormat, isIn, numberOr, type RawFrame, TraceBuilder } from '../trace.ts'

/** `app.rb:5:in 'Cart#total': message (RuntimeError)`; before Ruby 3.4 with a backtick. */
const place = /^\s*(?:from )?([^\s:][^:]*):(\d+):in [`'](.*)$/
/** Rails: `RuntimeError (message):`. */
const rails = /^(?!Traceback )([A-Z][\w:]*) \((.*)\):$/
/** The class `Logger`: `E, [2026-11-30T12:00:00.0 #7] ERROR -- shop: message (RuntimeError)`. */
const logger = /^[A-Z], \[[^\]]*\] +[A-Z]+ -- [^:]*: (.*) \(([A-Z][\w:]*)\)$/

/** The frame, and what follows its function on the line. */
function frameOf(line: string): { frame: RawFrame; rest: string } | null {
  const [, file = '', row, text = ''] = place.exec(line) ?? []
  const end = text.indexOf("'")
  if (file === '' || end === -1) return null
  const frame = { function: text.slice(0, end), file, line: numberOr(row), column: null }
  return { frame, rest: text.slice(end + 1) }
}

/** `app.rb:5:in 'total': message (RuntimeError)`. */
function thrownIn(line: string): { head: Head; frame: RawFrame } | null {
  const found = frameOf(line)
  const open = line.lastIndexOf(' (')
  if (!found?.rest.startsWith(': ') || !line.endsWith(')') || open < 0) return null
  const message = found.rest.slice(2, found.rest.lastIndexOf(' ('))
  return { head: { type: line.slice(open + 2, -1), message }, frame: found.frame }
}

/** A head that frames follow. */
function headOf(line: string): Head | null {
  const inRails = rails.exec(line)
  if (inRails) return { type: inRails[1] ?? '', message: inRails[2] ?? '' }
  const inLogger = logger.exec(line)
  if (inLogger) return { type: inLogger[2] ?? '', message: inLogger[1] ?? '' }
  return classHead(line)
}

const isSame = (one: RawFrame | undefined, other: RawFrame): boolean =>
  one?.file === other.file && one.line === other.line && one.function === other.function

export default defineTraceFormat({
  name: 'ruby',
  title: 'Ruby',
  example: {
    text: `cart.rb:12:in 'Cart#total': no price (KeyError)
\tfrom cart.rb:20:in 'block in Cart#all'
\tfrom /usr/lib/ruby/3.4.0/monitor.rb:5:in 'synchronize'
\tfrom app.rb:3:in '<main>'`,
    type: 'KeyError',
    message: 'no price',
    frame: { function: 'Cart#total', file: 'cart.rb', line: 12 },
  },
  begin: (line) => {
    const built = new TraceBuilder()
    const thrown = thrownIn(line)
    const head = thrown?.head ?? headOf(line)
    if (!head) return null
    built.add(head.type, head.message)
    if (thrown) built.last?.frames.push(thrown.frame)
    /** Whether the next line may belong to the message. */
    let isMessage = true
    return {
      take: (next) => {
        const cause = thrownIn(next)
        if (cause) {
          // Ruby writes a cause like another exception. One that was read already is thrown again.
          if (built.all.some(({ frames: [first] }) => isSame(first, cause.frame))) return 'over'
          built.add(cause.head.type, cause.head.message).frames.push(cause.frame)
          isMessage = true
          return 'part'
        }
        const frame = frameOf(next)?.frame
        if (!frame) {
          if (next.trim() === '' && built.isInMessage) return 'part'
          return isMessage ? 'maybe' : 'no'
        }
        isMessage = false
        built.last?.frames.push(frame)
        return 'part'
      },
      keep: (next) => built.addToMessage(next),
      exceptions: () => built.found,
    }
  },
  isForeign: ({ file }) =>
    isIn(file, '/gems/', '/lib/ruby/', '/<internal:') || file === '<internal',
})
