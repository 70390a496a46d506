import mime from 'mime'

/** Whether a part of the path begins with a dot, `..` included; `.well-known` is public. */
export const isHidden = (path: string): boolean =>
  path.split('/').some((part) => part.startsWith('.') && part !== '.well-known')

/** The headers of a file without `_headers`: its type by the extension, and a check each time. */
export function defaultHeaders(path: string): Record<string, string> {
  const type = mime.getType(path) ?? 'application/octet-stream'
  return {
    'content-type': type.startsWith('text/') ? `${type}; charset=utf-8` : type,
    'cache-control': 'no-cache',
  }
}
