import type { CodeReport } from '#contract/change/code.ts'

/** What an inspector is asked: to compare the code of two commits. */
export interface Asked {
  repository: string
  sha: string
  /**
   * the last good release; null when there is none: then the change is told by what it is based on,
   * `change`
   */
  base: string | null
  change: string | null
  /** the file in which it remembers what it measured */
  cache: string
  /** blobs at which an earlier one ended */
  skip: string[]
}

export type Said = { kind: 'at'; blob: string } | { kind: 'result'; report: CodeReport }
