import type { Page } from 'playwright-core'
import type { z } from 'zod'

/**
 * Text of strangers that does harm wherever it is taken for HTML, XML, Markdown or the markup of a
 * chat: its scripts set `window.ran`, its elements have the class `foreign`, its pictures are at
 * foreign.test, and its calls notify everybody.
 */
export const foreign =
  `"'><script class="foreign">window.ran=1</script><img class=foreign src=x onerror=window.ran=1>` +
  `</title></textarea></style></script><svg class="foreign" onload="window.ran=1"></svg>` +
  `<a class="foreign" href="javascript:window.ran=1">a</a> [b](javascript:window.ran=1) ` +
  `[bank](https://foreign.test/) ![c](https://foreign.test/c.png) [d]: https://foreign.test/ ` +
  `<https://foreign.test/|bank> \`<b class="foreign">e</b>\` <!channel> @channel ]]> {{7*7}} \\" &`

/** Texts that are no free text: what identifies a thing in addresses, and words of the contract. */
const names = new Set(
  'app environment service component id sha key type kind subject cursor role proof tone'.split(
    ' ',
  ),
)
const isTime = (text: string): boolean => /^\d{4}-\d\d-\d\d/.test(text)

interface Definition {
  type: string
  innerType?: z.ZodType
  element?: z.ZodType
  shape?: Record<string, z.ZodType>
  options?: z.ZodType[]
  valueType?: z.ZodType
  out?: z.ZodType
}

/** A value with foreign markup after every text that its schema leaves free. */
export function withForeign(schema: z.ZodType, value: unknown, name = ''): unknown {
  const { type, ...def } = schema.def as unknown as Definition
  if (value === null || value === undefined) return value
  if (type === 'string' && typeof value === 'string') return textOf(schema, value, name)
  if (Array.isArray(value))
    return def.element ? value.map((one) => withForeign(def.element!, one, name)) : value
  if (def.options) {
    const option = def.options.find((one) => one.safeParse(value).success)
    return option ? withForeign(option, value, name) : value
  }
  const inner = def.innerType ?? def.out
  if (inner) return withForeign(inner, value, name)
  if (typeof value !== 'object') return value
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => {
      const own = def.shape?.[key] ?? def.valueType
      return [key, own ? withForeign(own, one, key) : one]
    }),
  )
}

function textOf(schema: z.ZodType, value: string, name: string): string {
  if (value === '' || names.has(name) || isTime(value)) return value
  const changed = /^https?:/.test(value) ? `javascript:window.ran=1//${value}` : value + foreign
  return schema.safeParse(changed).success ? changed : value
}

/** What foreign markup has done to a page that is open; nothing is the aim. */
export const harmOf = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const harmful = document.querySelectorAll(
      '.foreign, [href^="javascript:" i], [src^="javascript:" i], [src*="foreign.test" i]',
    )
    const calls = 'ran' in window ? ['a script ran'] : []
    // React replaces such addresses.
    const found = [...harmful].map((one) => one.outerHTML.slice(0, 200))
    return [...calls, ...found.filter((one) => !one.includes('React has blocked'))]
  })
