import { classHead } from '../head.ts'
import { defineTraceFormat, isIn, numberOr, type RawFrame, TraceBuilder } from '../trace.ts'

/** `    at async fn (file:1:2)`, `    at file:1:2`; V8's "Stack trace API". */
const begin = /^\s+at (?:async )?/
const place = /^(.*):(\d+):(\d+)$/

function frameOf(line: string): RawFrame | null {
  const start = begin.exec(line)
  if (!start) return null
  // On the line of its last frame, the properties of an error begin, or its entry of a list ends.
  const text = line
    .slice(start[0].length)
    .trimEnd()
    .replace(/(?: \{|,)$/, '')
  const open = text.endsWith(')') ? text.lastIndexOf(' (') : -1
  const where = open === -1 ? text : text.slice(open + 2, -1)
  const name = open === -1 ? null : text.slice(0, open)
  const found = place.exec(where)
  if (!found) {
    const isNamed = name !== null && /^(native|<anonymous>|index \d+)$/.test(where)
    return isNamed ? { function: name, file: null, line: null, column: null } : null
  }
  const [, file = '', row, column] = found
  return { function: name, file, line: numberOr(row), column: numberOr(column) }
}

export default defineTraceFormat({
  name: 'node',
  title: 'JavaScript and TypeScript',
  example: {
    text: `/srv/shop/cart.js:12
  throw new TypeError('price is undefined')
  ^

TypeError: price is undefined
    at total (/srv/shop/cart.js:12:9)
    at async Server.<anonymous> (file:///srv/shop/server.js:8:14)
    at node:internal/main:5:1 {
  [cause]: Error: no price
      at load (/srv/shop/price.js:3:11)
}

Node.js v26.10.0`,
    type: 'TypeError',
    message: 'price is undefined',
    frame: { function: 'total', file: '/srv/shop/cart.js', line: 12, column: 9 },
  },
  begin: (line) => {
    const head = classHead(line)
    if (!head) return null
    const built = new TraceBuilder()
    built.add(head.type, head.message)
    let isCause = false
    return {
      take: (next) => {
        const frame = frameOf(next)
        if (frame) {
          if (!built.last?.frames.length && !isCause && built.all.length > 1) return 'no'
          built.last?.frames.push(frame)
          return 'part'
        }
        const cause = /^\s+\[cause\]: (.*)$/.exec(next)?.[1]
        const inner = cause === undefined ? null : classHead(cause)
        if (inner && built.found.length > 0) {
          isCause = true
          built.add(inner.type, inner.message)
          return 'part'
        }
        if (built.isInMessage) return 'maybe'
        // Properties of the error, such as `  code: 'ENOENT',`, and the end of them.
        if (/^\s+(\.\.\. \d+ lines matching|\w+: |\},?$)/.test(next)) return 'part'
        return next === '}' ? 'end' : next === '' ? 'no' : 'over'
      },
      keep: (next) => built.addToMessage(next),
      exceptions: () => built.found,
    }
  },
  isForeign: ({ file }) =>
    file === null ||
    file.startsWith('node:') ||
    file.startsWith('internal/') ||
    isIn(file, '/node_modules/'),
})
