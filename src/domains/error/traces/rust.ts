import { defineTraceFormat, isIn, numberOr, TraceBuilder } from '../trace.ts'

/** Since Rust 1.73 the message follows on the next line, before that it is in quotes. */
const panicked = /^thread '[^']*' (?:\(\d+\) )?panicked at (.*)$/
const place = /^([^\s:]+\.rs):(\d+):(\d+):?$/
const quoted = /^'(.*)', ([^\s:]+\.rs):(\d+):(\d+)$/
const call = /^\s+\d+: +(?:0x[0-9a-f]+ - )?(\S.*)$/
const at = /^\s+at (.+):(\d+):(\d+)$/

export default defineTraceFormat({
  name: 'rust',
  title: 'Rust',
  example: {
    text: `thread 'main' (4711) panicked at src/cart.rs:12:5:
no price
stack backtrace:
   0: __rustc::rust_begin_unwind
             at /rustc/4b06a43a1c7b/library/std/src/panicking.rs:697:5
   1: core::panicking::panic_fmt
             at /rustc/4b06a43a1c7b/library/core/src/panicking.rs:75:14
   2: shop::cart::total
             at ./src/cart.rs:12:5
   3: shop::main
             at ./src/main.rs:4:3
note: Some details are omitted, run with \`RUST_BACKTRACE=full\` for a verbose backtrace.`,
    type: 'panic',
    message: 'no price',
    frame: { function: 'shop::cart::total', file: './src/cart.rs', line: 12, column: 5 },
  },
  begin: (line) => {
    const where = panicked.exec(line)?.[1]
    if (where === undefined) return null
    const old = quoted.exec(where)
    const [, file = '', row, column] = old ? old.slice(1) : (place.exec(where) ?? [])
    if (file === '') return null
    const built = new TraceBuilder()
    const one = built.add('panic', old?.[1] ?? '')
    const position = { line: numberOr(row), column: numberOr(column) }
    const site = { function: null, file, ...position }
    let name: string | null = null
    let isMessage = old === null
    return {
      take: (next) => {
        if (next.startsWith('note: ')) {
          isMessage = false
          return built.found.length > 0 ? 'end' : 'part'
        }
        if (next === 'stack backtrace:') {
          isMessage = false
          return 'part'
        }
        if (isMessage) {
          built.addToMessage(next)
          return 'part'
        }
        const found = at.exec(next)
        if (found && name !== null) {
          const [, path = null, rows, columns] = found
          const position = { line: numberOr(rows), column: numberOr(columns) }
          one.frames.push({ function: name, file: path, ...position })
          name = null
          return 'part'
        }
        const called = call.exec(next)?.[1]
        if (called === undefined) return 'no'
        // A full backtrace names each build of a function.
        name = called.replace(/::h[0-9a-f]{16}$/, '')
        return 'part'
      },
      keep: () => undefined,
      exceptions: () => {
        // What the runtime does after the panic is above its place.
        const own = one.frames.findIndex(
          (frame) => frame.line === site.line && frame.file?.endsWith(file),
        )
        const frames = own === -1 ? [site, ...one.frames] : one.frames.slice(own)
        return [{ ...one, frames }]
      },
    }
  },
  isForeign: ({ function: name, file }) =>
    file?.endsWith('.rs') === false ||
    isIn(file, '/rustc/', '/.cargo/', '/registry/src/') ||
    /^(?:core|std|alloc|__rustc|tokio|rust_begin_unwind)(?:::|$)/.test(name ?? ''),
})
