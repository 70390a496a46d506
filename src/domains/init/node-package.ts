export interface Package {
  scripts: Record<string, string>
  /** names of all dependencies */
  dependencies: Set<string>
  main: string | undefined
  packageManager: string
  /** whether it is published for other programs */
  isLibrary: boolean
}

/** The content of a package.json, or null when it is invalid. */
export function readPackage(text: string): Package | null {
  try {
    const json = JSON.parse(text.replace(/^\uFEFF/, '')) as Record<string, unknown> | null
    if (typeof json !== 'object' || json === null || Array.isArray(json)) return null
    const names = (key: string): string[] => Object.keys(Object(json[key]) as object)
    const scripts = Object.entries(Object(json['scripts']) as object).filter(
      (item): item is [string, string] => typeof item[1] === 'string',
    )
    return {
      scripts: Object.fromEntries(scripts),
      dependencies: new Set(
        ['dependencies', 'devDependencies', 'optionalDependencies'].flatMap(names),
      ),
      main: typeof json['main'] === 'string' ? json['main'].replace(/^\.\//, '') : undefined,
      packageManager: String(json['packageManager'] ?? ''),
      isLibrary:
        json['private'] !== true &&
        ['files', 'exports', 'types', 'module'].some((key) => json[key] !== undefined),
    }
  } catch {
    return null
  }
}
