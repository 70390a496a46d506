import type { CodeReport } from '#contract/change/code.ts'

/** A request to the inspector: compare the code of two commits. */
export interface InspectorRequest {
  repository: string
  sha: string
  /** The last good release. Null when there is none; then `change` gives the base. */
  base: string | null
  change: string | null
  /** The file that caches measurements. */
  cache: string
  /** Blobs that exceeded a limit or crashed an earlier inspector, and how. */
  skip: { blob: string; reason: string }[]
}

export type InspectorMessage =
  | { kind: 'at'; blob: string; file: string }
  | { kind: 'result'; report: CodeReport }
