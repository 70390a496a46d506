import { z } from 'zod'
import { withoutEnd } from '#contract/text.ts'

/** What connects an app to a forge, after validation. */
export interface ForgeConfig {
  /** of the API */
  url: string
  /** OWNER/NAME */
  repository: string
  token: string
  /** of a GitHub App, whose private key is the token */
  appId?: string | undefined
}

/** A token of a user or a bot. */
export const token = z.string().regex(/^[\x21-\x7e]+$/, 'must be one word of ASCII')

const withoutSlash = (url: string): string => withoutEnd(url, '/')

/**
 * The configuration that most forges share. Without a public service (`null`), the address of the
 * API is required.
 */
export const connectionConfig = (title: string, publicUrl: string | null) =>
  z.strictObject(
    {
      url: (publicUrl === null
        ? z.string('must say where the API of this forge is, such as https://git.example.com')
        : z.string().default(publicUrl)
      ).transform(withoutSlash),
      repository: z.string(),
      token,
    },
    {
      error: ({ code }) =>
        code === 'unrecognized_keys' ? `is not accepted by ${title}` : undefined,
    },
  )
