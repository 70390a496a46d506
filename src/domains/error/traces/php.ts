import { defineTraceFormat, isIn, numberOr, type RawException, TraceBuilder } from '../trace.ts'

const uncaught =
  /^(?:(?:PHP )?(?:Fatal error|Uncaught exception): +)?Uncaught ([\w\\]+)(?:: (.*))?$/
/** An exception as text, which programs log themselves. */
const logged = /^((?:\w+\\)+\w+|\w*(?:Error|Exception)): (.*)$/
const next = /^Next ([\w\\]+)(?:: (.*))?$/
const thrown = /^(.*) in (\/[^:]*|[A-Za-z]:[^:]*):(\d+)$/
const frame = /^#\d+ (?:(.+)\((\d+)\)|\[internal function\]): ([^(]+)\(/

/** `message in /file.php:3`: the place where it was thrown is at the end of the message. */
function begin(built: TraceBuilder, type: string, text: string): void {
  const found = thrown.exec(text)
  const one = built.add(type.replace(/^\\/, ''), found?.[1] ?? text)
  if (found) setPlace(one, found[2], found[3])
}

function setPlace(one: RawException, file: string | undefined, line: string | undefined): void {
  one.frames.push({ function: null, file: file ?? null, line: numberOr(line), column: null })
}

export default defineTraceFormat({
  name: 'php',
  title: 'PHP',
  example: {
    text: `PHP Fatal error:  Uncaught RuntimeException: no price in /srv/shop/cart.php:12
Stack trace:
#0 /srv/shop/vendor/acme/lib.php(7): Cart->total()
#1 /srv/shop/index.php(3): Acme\\run()
#2 {main}
  thrown in /srv/shop/cart.php on line 12`,
    type: 'RuntimeException',
    message: 'no price',
    frame: { function: 'Cart->total', file: '/srv/shop/cart.php', line: 12 },
  },
  begin: (line) => {
    const found = uncaught.exec(line) ?? logged.exec(line)
    if (!found) return null
    const built = new TraceBuilder()
    begin(built, found[1] ?? '', found[2] ?? '')
    const causes: RawException[] = []
    let hasStack = false
    return {
      take: (text) => {
        if (text === 'Stack trace:') hasStack = true
        if (text === 'Stack trace:' || text === '') return 'part'
        // The place is at the end of the last line of the message.
        const end = built.isInMessage ? thrown.exec(text) : null
        if (end && built.last) {
          built.addToMessage(end[1] ?? '')
          setPlace(built.last, end[2], end[3])
          return 'part'
        }
        const call = frame.exec(text)
        const last = built.last
        if (call && last) {
          // PHP names the function with the place that calls it.
          const inner = last.frames.at(-1)
          if (inner) inner.function = call[3] ?? null
          setPlace(last, call[1], call[2])
          return 'part'
        }
        if (/^#\d+ \{main\}$/.test(text)) return 'part'
        const later = next.exec(text)
        if (later) {
          causes.unshift(...built.all.splice(0))
          begin(built, later[1] ?? '', later[2] ?? '')
          return 'part'
        }
        if (/^\s*thrown in .* on line \d+$/.test(text)) return 'end'
        return built.isInMessage ? 'maybe' : 'no'
      },
      keep: (text) => built.addToMessage(text),
      exceptions: () => (hasStack ? [...built.found, ...causes] : []),
    }
  },
  isForeign: ({ file }) => file === null || isIn(file, '/vendor/'),
})
