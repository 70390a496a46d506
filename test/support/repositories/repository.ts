/** The deciding files of a repository, and what `init` proposes for it. */
export interface Row {
  files: Record<string, string>
  /** the folder of the app; default: the root */
  at?: string
  /** the commands of these steps */
  runs?: Record<string, string>
  /** names in order */
  steps: string
  services?: Record<string, string>
  health?: string
  include?: string[]
}

export const json = (value: unknown): string => JSON.stringify(value)
export const pack = (value: Record<string, unknown>): Record<string, string> => ({
  'package.json': json(value),
})
export const staticSite = (folder: string): Record<string, string> => ({
  web: `static ${folder}`,
})
export const express = { dependencies: { express: '4' } }
