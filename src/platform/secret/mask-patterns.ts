import { isPlainSecret } from '#contract/configuration/secret.ts'

/**
 * The forms a secret can take in a log: texts to mask anywhere, and long encodings that a line may
 * contain in part.
 */
export interface MaskPatterns {
  whole: string[]
  /** base64 and hex, which programs wrap at the width of a line. */
  wrapped: string[]
}

const shortest = 4

/**
 * Returns the texts to mask for these secrets. Texts that are too short or too common are left out,
 * because masking them would hide the log.
 */
export function maskPatterns(secrets: readonly string[]): MaskPatterns {
  const whole = new Set<string>()
  const wrapped = new Set<string>()
  for (const secret of secrets) {
    const value = secret.trim()
    if (isPlainSecret(value)) continue
    const lines = value.split(/\r?\n/)
    for (const line of lines.length > 1
      ? lines.map((each) => each.trim()).filter(saysSomething)
      : [value]) {
      for (const form of textForms(line)) whole.add(form)
    }
    for (const form of [...textForms(value), ...urlForms(value), ...htmlForms(value)])
      whole.add(form)
    for (const form of [...base64Forms(value), ...hexForms(value)]) {
      whole.add(form)
      if (form.length >= 2 * wrappedPart) wrapped.add(form)
    }
  }
  const fits = (text: string): boolean => text.length >= shortest && !text.includes('\n')
  return {
    whole: [...whole].filter(fits).sort((a, b) => b.length - a.length),
    wrapped: [...wrapped],
  }
}

/** Shortest part of a wrapped encoding that counts at the end or start of a line. */
export const wrappedPart = 8

/**
 * Lines of a secret such as `{`, `"": null,` or `-----BEGIN KEY-----` reveal nothing and occur in
 * many logs.
 */
function saysSomething(line: string): boolean {
  if (isPlainSecret(line) || !/[\p{L}\p{N}]/u.test(line)) return false
  return (
    !/^-+(BEGIN|END) [A-Z0-9 ]+-+$/.test(line) &&
    !/^[^\p{L}\p{N}]*(true|false|null)[^\p{L}\p{N}]*$/u.test(line)
  )
}

/**
 * Plain, in JSON as several languages write it, in JSON inside of a text of JSON, and quoted by a
 * shell that traces commands (`set -x`, `printf %q`).
 */
function textForms(value: string): string[] {
  const json = JSON.stringify(value).slice(1, -1)
  const escaped = (upper: boolean): string =>
    json.replace(/[^\x00-\x7f]/g, (char) => {
      const code = char.charCodeAt(0).toString(16).padStart(4, '0')
      return String.raw`\u${upper ? code.toUpperCase() : code}`
    })
  const quoted = value.replace(/[^\w@%+=:,./-]/g, String.raw`\$&`)
  const forms = [
    value,
    json,
    escaped(false),
    escaped(true),
    ...[json, escaped(false)].map((form) => JSON.stringify(form).slice(1, -1)),
    value.replaceAll("'", String.raw`'\''`),
    quoted,
  ]
  return [...forms, ...forms.map((form) => form.replaceAll('/', String.raw`\/`))]
}

/** Percent-encoded by the rules of several languages, in both cases of the digits. */
function urlForms(value: string): string[] {
  const loose = encodeURIComponent(value.toWellFormed())
  const strict = loose.replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  const forms = [loose, strict, strict.replaceAll('%2F', '/')].flatMap((form) => [
    form,
    form.replaceAll('%20', '+'),
  ])
  return [
    ...forms,
    ...forms.map((form) => form.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase())),
  ]
}

/** In HTML and XML with the quoting rules of several languages, mainly for reports. */
function htmlForms(value: string): string[] {
  const inText = value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
  const quotes = ['&quot;', '&#34;', '&#x22;'].map((quote) => inText.replaceAll('"', quote))
  const all = [inText, ...quotes]
  return [
    ...all,
    ...['&apos;', '&#39;', '&#x27;'].flatMap((quote) =>
      all.map((one) => one.replaceAll("'", quote)),
    ),
  ]
}

/**
 * Base64 of a text that contains the secret at any position: three bytes become four characters,
 * which gives three alignments; of each, the characters that depend on the secret alone. Also the
 * secret by itself with padding.
 */
function base64Forms(value: string): string[] {
  const bytes = Buffer.from(value)
  const aligned = [0, 1, 2].map((offset) => {
    const encoded = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64')
    return encoded.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6))
  })
  const forms = [bytes.toString('base64'), ...aligned]
  return [...forms, ...forms.map((form) => form.replaceAll('+', '-').replaceAll('/', '_'))]
}

function hexForms(value: string): string[] {
  const hex = Buffer.from(value).toString('hex')
  return [hex, hex.toUpperCase()]
}
