import { defineTraceFormat, isIn, numberOr, type RawFrame, TraceBuilder } from '../trace.ts'

/** `app.rb:5:in 'Cart#total': message (RuntimeError)`; before Ruby 3.4 with a backtick. */
const place = /^\s*(?:from )?([^\s:][^:]*):(\d+):in [`'](.*)$/
/** Rails: `RuntimeError (message):`. */
const rails = /^([A-Z][\w:]*) \((.*)\):$/

/** The frame, and what follows its function on the line. */
function frameOf(line: string): { frame: RawFrame; rest: string } | null {
  const [, file = '', row, text = ''] = place.exec(line) ?? []
  const end = text.indexOf("'")
  if (file === '' || end === -1) return null
  const frame = { function: text.slice(0, end), file, line: numberOr(row), column: null }
  return { frame, rest: text.slice(end + 1) }
}

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
    const found = frameOf(line)
    const open = line.lastIndexOf(' (')
    if (found?.rest.startsWith(': ') && line.endsWith(')') && open > 0) {
      const message = found.rest.slice(2, found.rest.lastIndexOf(' ('))
      built.add(line.slice(open + 2, -1), message).frames.push(found.frame)
    } else {
      const head = rails.exec(line)
      if (!head) return null
      built.add(head[1] ?? '', head[2] ?? '')
    }
    return {
      take: (next) => {
        const frame = frameOf(next)?.frame
        if (!frame) return next.trim() === '' && built.isInMessage ? 'part' : 'no'
        built.last?.frames.push(frame)
        return 'part'
      },
      keep: () => undefined,
      exceptions: () => built.found,
    }
  },
  isForeign: ({ file }) =>
    isIn(file, '/gems/', '/lib/ruby/', '/<internal:') || file === '<internal',
})
