import { classHead } from '../head.ts'
import { defineTraceFormat, isIn, numberOr, type RawFrame, TraceBuilder } from '../trace.ts'

/** `   at A.B.Method(String name) in /src/File.cs:line 12`; see `Exception.StackTrace`. */
const place = /^(.*):line (\d+)$/

function frameOf(line: string): RawFrame | null {
  if (!/^\s+at /.test(line)) return null
  const text = line.trim().slice(3)
  const at = text.indexOf(') in ')
  const call = at === -1 ? text : text.slice(0, at + 1)
  const open = call.indexOf('(')
  if (open < 1 || !call.endsWith(')') || !call.slice(0, open).includes('.')) return null
  // `JSON.parse (<anonymous>)` is a call of JavaScript.
  if (call[open - 1] === ' ') return null
  const found = at === -1 ? null : place.exec(text.slice(at + 5))
  // A call without a place looks like one of JavaScript or Java if it names a position.
  if (!found && /[:.]\w{0,40}\)$/.test(call) && call.includes(':')) return null
  return {
    function: call.slice(0, open),
    file: found?.[1] ?? null,
    line: numberOr(found?.[2]),
    column: null,
  }
}

export default defineTraceFormat({
  name: 'csharp',
  title: '.NET',
  example: {
    text: `Unhandled exception. System.InvalidOperationException: no cart
 ---> System.IO.IOException: closed
   at Shop.Db.Query(String sql) in /src/Shop/Db.cs:line 40
   --- End of inner exception stack trace ---
   at Shop.Cart.Total(Int32 id) in /src/Shop/Cart.cs:line 12
   at System.Threading.ThreadPoolWorkQueue.Dispatch()
   at Shop.Program.Main(String[] args) in /src/Shop/Program.cs:line 5`,
    type: 'System.InvalidOperationException',
    message: 'no cart',
    frame: { function: 'Shop.Cart.Total', file: '/src/Shop/Cart.cs', line: 12 },
  },
  begin: (line) => {
    const head = classHead(line.replace(/^Unhandled exception[.:] /, ''))
    if (!head) return null
    const built = new TraceBuilder()
    /** The inner exceptions come with their frames first, the innermost at once. */
    const open = [built.add(head.type, head.message)]
    return {
      take: (next) => {
        const inner = next.startsWith(' ---> ') ? classHead(next.slice(6)) : null
        if (inner) {
          open.push(built.add(inner.type, inner.message))
          return 'part'
        }
        if (/^\s+--- End of inner exception stack trace ---$/.test(next)) {
          open.pop()
          return 'part'
        }
        if (next.trim().startsWith('--- End of stack trace from previous location')) return 'part'
        const frame = frameOf(next)
        if (frame) {
          open.at(-1)?.frames.push(frame)
          return 'part'
        }
        return built.isInMessage ? 'maybe' : 'no'
      },
      keep: (next) => built.addToMessage(next),
      exceptions: () => built.found,
    }
  },
  isForeign: ({ function: name, file }) =>
    name === null ||
    /^(?:System|Microsoft|Npgsql|Newtonsoft)\./.test(name) ||
    isIn(file, '/_/src/'),
})
