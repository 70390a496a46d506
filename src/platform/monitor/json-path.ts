/**
 * The value at a path such as `status`, `items[0].name` or `data.length`; undefined when there is
 * none.
 */
export function valueAt(value: unknown, path: string): unknown {
  let found = value
  for (const part of path.replace(/^\$\.?/, '').split(/[.[\]]+/)) {
    if (part === '') continue
    if (Array.isArray(found) && part === 'length') return found.length
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, part)) return undefined
    found = (found as Record<string, unknown>)[part]
  }
  return found
}
