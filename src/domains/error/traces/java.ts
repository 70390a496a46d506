import { classHead } from '../head.ts'
import { defineTraceFormat, numberOr, type RawFrame, TraceBuilder } from '../trace.ts'

/** `\tat module/a.b.Class.method(File.java:12)`; see `Throwable.printStackTrace`. */
const atFrame = /^\s+at ([\w.$<>@/-]+)\(([^()]*)\)/
/** Files with other endings belong to JavaScript or .NET. */
const place = /^([\w$-]+\.(?:java|kt|scala|groovy|clj)):(\d+)$/
const unknown = /^(Native Method|Unknown Source|[\w$-]+\.(?:java|kt|scala|groovy|clj)|<generated>)$/

function frameOf(line: string): RawFrame | null {
  const [, full = '', where = ''] = atFrame.exec(line) ?? []
  if (full === '') return null
  // `java.base/` is a module; a generated class has a slash in its name.
  const name = full.split('/')[0]?.includes('$$') ? full : full.slice(full.lastIndexOf('/') + 1)
  const found = place.exec(where)
  if (!found && !unknown.test(where)) return null
  const owner = name.slice(0, name.lastIndexOf('.'))
  const folder = owner.slice(0, Math.max(0, owner.lastIndexOf('.'))).replaceAll('.', '/')
  const file = found?.[1] ?? null
  return {
    function: name,
    file: file === null ? null : [folder, file].filter(Boolean).join('/'),
    line: numberOr(found?.[2]),
    column: null,
  }
}

const foreign = [
  ...['java.', 'javax.', 'jdk.', 'sun.', 'com.sun.', 'jakarta.', 'kotlin.', 'kotlinx.', 'scala.'],
  ...['groovy.', 'clojure.', 'org.springframework.', 'org.apache.', 'org.hibernate.'],
  ...['org.eclipse.', 'org.jboss.', 'org.junit.', 'io.netty.', 'io.micronaut.', 'io.quarkus.'],
  ...['io.vertx.', 'reactor.', 'com.fasterxml.', 'com.zaxxer.', 'ch.qos.', 'org.slf4j.'],
  'com.google.common.',
]

export default defineTraceFormat({
  name: 'java',
  title: 'Java, Kotlin and Scala',
  example: {
    text: `Exception in thread "main" java.lang.IllegalStateException: no cart
\tat com.acme.shop.Cart.total(Cart.java:31)
\tat com.acme.shop.Main$1.run(Main.java:9)
\tat java.base/java.lang.Thread.run(Thread.java:1583)
Caused by: java.sql.SQLException: closed
\tat com.acme.shop.Db.query(Db.java:77)
\t... 2 more`,
    type: 'java.lang.IllegalStateException',
    message: 'no cart',
    frame: { function: 'com.acme.shop.Cart.total', file: 'com/acme/shop/Cart.java', line: 31 },
  },
  begin: (line) => {
    const inThread = /^Exception in thread "[^"]*" (.*)$/.exec(line)?.[1]
    const head = classHead(inThread ?? line)
    if (!head) return null
    const built = new TraceBuilder()
    built.add(head.type, head.message)
    /** The indentation of the frames; what is deeper belongs to a suppressed exception. */
    let depth: number | null = null
    return {
      take: (next) => {
        const frame = frameOf(next)
        const indent = next.search(/\S/)
        if (frame) {
          depth ??= indent
          if (indent <= depth) built.last?.frames.push(frame)
          return 'part'
        }
        // The cause of a suppressed exception.
        if (depth !== null && indent >= depth && /^\s+Caused by: /.test(next)) return 'part'
        const cause = /^\s*Caused by: (.*)$/.exec(next)?.[1]
        const inner = cause === undefined ? null : classHead(cause)
        if (inner) {
          built.add(inner.type, inner.message)
          return 'part'
        }
        if (/^\s+(?:\.\.\. \d+ (?:more|common frames)|Suppressed: )/.test(next)) return 'part'
        return built.isInMessage ? 'maybe' : 'no'
      },
      keep: (next) => built.addToMessage(next),
      exceptions: () => built.found,
    }
  },
  isForeign: ({ function: name }) =>
    name === null || name.includes('$$') || foreign.some((start) => name.startsWith(start)),
})
