/** A kind of configuration file, as a plugin declares it. */
export interface FileKindSpec {
  /** the value of `kind` in fairlead.yaml */
  kind: string
  title: string
  /** file names (`nginx.conf`) and suffixes (`.json`) of this kind */
  names: string[]
  /** a valid file and an invalid one, for documentation and tests */
  example: { good: string; bad: string }
  /** Reads the file. Throws an Error with the problem, and its place where it is known. */
  read?(text: string): unknown
  /** The ways in which a value can be written, the preferred one first; default: as it is. */
  writers?: ((value: string) => string)[]
  /** Without `read`: why a value cannot be written, as the end of a sentence, or null. */
  refuse?(value: string): string | null
  /**
   * A command for `sh -c` that checks the file `$FILE` with the program that it is for, without
   * changing anything. It succeeds when the program is not installed.
   */
  check?: string
}

export type FileKind = FileKindSpec

/** Declares a kind of file. Adding one is adding its file to `kinds`. */
export const defineFileKind = (spec: FileKindSpec): FileKind => spec

/** Refuses values with characters that end or split a setting. */
export const refuseCharacters =
  (pattern: RegExp, names: string) =>
  (value: string): string | null =>
    /[\0-\x08\x0a-\x1f\x7f]/.test(value)
      ? 'contains a line break or another control character'
      : pattern.test(value)
        ? `contains one of the characters ${names}`
        : null
