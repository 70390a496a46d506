export interface Head {
  type: string
  message: string
}

/** `Name`, `a.b.Name`, `A::B`. */
const className = /^(?:[\w$]+(?:\.|::|\/))*[A-Z][\w$]*(?:`\d+)?$/
/** Names that are exceptions wherever they are in a line. */
const sounding = /(?:Error|Exception|Fault|Rejection|Interrupt|Failure)$/

/**
 * The first line of a trace of a language whose exceptions are classes: `TypeError: message`, also
 * after other text (`request failed: TypeError: message`), with a package (`java.io.IOException`)
 * or a code (`Error [ERR_X]: message`). Null when the line has none.
 */
export function classHead(line: string): Head | null {
  const text = line.startsWith('Uncaught ') ? line.slice(9) : line
  for (let at = 0; ;) {
    const end = text.indexOf(': ', at)
    const type = typeOf(end === -1 ? text.slice(at) : text.slice(at, end), at === 0)
    if (type !== null) return { type, message: end === -1 ? '' : text.slice(end + 2) }
    if (end === -1) return null
    at = end + 2
  }
}

/** A class at the start of a line may have any name, after other words only one that sounds so. */
function typeOf(part: string, isFirst: boolean): string | null {
  const plain = part
    .trimEnd()
    .replace(/ \[\w+\]$/, '')
    .replace(/:$/, '')
  const name = plain.slice(plain.lastIndexOf(' ') + 1)
  if (name.length > 200 || !className.test(name)) return null
  return (isFirst && name === plain) || sounding.test(name) ? name : null
}
