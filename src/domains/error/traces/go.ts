import { defineTraceFormat, isIn, numberOr, TraceBuilder } from '../trace.ts'

const panic = /^(?:(panic|fatal error): (.*)|.*http: panic serving [^ ]+: (.*))$/
/** `debug.Stack()` of a panic that was recovered. */
const recovered = /^goroutine \d+ \[running\]:$/
const goroutine = /^goroutine \d+ (?:[^[]*)\[[^\]]*\]:$/
const place = /^\t(.+\.go):(\d+)(?: \+0x[0-9a-f]+)?$/
const call = /^(?:created by )?([\w./@*()[\]{},\-·$]+?)(?:\([^()]*\))?(?: in goroutine \d+)?$/

export default defineTraceFormat({
  name: 'go',
  title: 'Go',
  example: {
    text: `panic: runtime error: index out of range [3] with length 3

goroutine 1 [running]:
main.total(0x3, {0xc000012345, 0x1, 0x1})
\t/src/shop/cart.go:12 +0x1d
main.main()
\t/src/shop/main.go:8 +0x25
exit status 2`,
    type: 'panic',
    message: 'runtime error: index out of range [3] with length 3',
    frame: { function: 'main.total', file: '/src/shop/cart.go', line: 12 },
  },
  begin: (line) => {
    const found = panic.exec(line)
    const isRecovered = recovered.test(line)
    if (!found && !isRecovered) return null
    const built = new TraceBuilder()
    const message = found?.[2] ?? found?.[3] ?? 'recovered'
    built.add(found?.[1] ?? 'panic', message.replace(/ \[recovered(?:, repanicked)?\]$/, ''))
    let name: string | null = null
    let isIn = isRecovered
    let hasPanicked = !isRecovered
    return {
      take: (next) => {
        if (!isIn) {
          isIn = goroutine.test(next)
          if (isIn || next === '') return 'part'
          return /^(\[signal |\t?panic: |goroutine )/.test(next) ? 'part' : 'maybe'
        }
        if (next === '') return built.found.length > 0 ? 'end' : 'part'
        if (goroutine.test(next)) return 'over'
        const at = place.exec(next)
        if (at && name !== null) {
          const frame = { function: name, file: at[1] ?? null, line: numberOr(at[2]) }
          // `panic` itself, and what the runtime does after it, are above the place.
          if (name === 'panic') hasPanicked = true
          if (name === 'panic' && built.last) built.last.frames = []
          else built.last?.frames.push({ ...frame, column: null })
          name = null
          return 'part'
        }
        const called = next.startsWith('\t') || next.length > 500 ? null : call.exec(next)
        if (!called) return /^exit status \d+$/.test(next) ? 'end' : 'no'
        name = called[1] ?? null
        return 'part'
      },
      keep: (next) => built.addToMessage(next),
      exceptions: () => (hasPanicked ? built.found : []),
    }
  },
  isForeign: ({ function: name, file }) =>
    isIn(file, '/pkg/mod/', '/go/src/', '/vendor/') ||
    /^(?:runtime|net\/http)[./]/.test(name ?? ''),
})
