import { defineTraceFormat, isIn, numberOr, type RawException } from '../trace.ts'

/** See "traceback" in the documentation of Python. */
const first = /^\s*(?:[+|]\s*)*(?:Exception Group )?Traceback \(most recent call last\):$/
const file = /^\s+(?:\|\s+)?File "([^"]+)", line (\d+)(?:, in (.*))?$/
const chained = [
  'During handling of the above exception, another exception occurred:',
  'The above exception was the direct cause of the following exception:',
]
const last = /^(?:[|+]\s*)?([A-Za-z_][\w.]*)(?:: (.*))?$/

export default defineTraceFormat({
  name: 'python',
  title: 'Python',
  example: {
    text: `Traceback (most recent call last):
  File "/srv/shop/price.py", line 3, in load
    return prices[name]
           ~~~~~~^^^^^^
KeyError: 'tea'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/srv/shop/app.py", line 40, in <module>
    main()
  File "/srv/shop/cart.py", line 12, in total
    raise ValueError("no price")
ValueError: no price`,
    type: 'ValueError',
    message: 'no price',
    frame: { function: 'total', file: '/srv/shop/cart.py', line: 12 },
  },
  begin: (line) => {
    if (!first.test(line)) return null
    /** Python writes the cause first, and of each trace the outermost frame first. */
    const all: RawException[] = []
    let frames: RawException['frames'] = []
    let state: 'frames' | 'ended' | 'chained' = 'frames'
    return {
      take: (next) => {
        if (state === 'chained') {
          if (next.trim() === '') return 'part'
          if (!first.test(next)) return 'over'
          frames = []
          state = 'frames'
          return 'part'
        }
        if (state === 'ended') {
          if (next.trim() === '') return 'part'
          if (!chained.includes(next)) return 'over'
          state = 'chained'
          return 'part'
        }
        const found = file.exec(next)
        if (found) {
          frames.unshift({
            function: found[3] ?? null,
            file: found[1] ?? null,
            line: numberOr(found[2]),
            column: null,
          })
          return 'part'
        }
        if (/^\s/.test(next)) return frames.length > 0 ? 'part' : 'no'
        const end = last.exec(next)
        if (!end || frames.length === 0) return 'no'
        all.unshift({ type: end[1] ?? '', message: end[2] ?? '', frames })
        state = 'ended'
        return 'part'
      },
      keep: () => undefined,
      exceptions: () => all,
    }
  },
  isForeign: ({ file: path }) =>
    path === null ||
    path.startsWith('<frozen ') ||
    isIn(path, '/site-packages/', '/dist-packages/', '/lib/python'),
})
