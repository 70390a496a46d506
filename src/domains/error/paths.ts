/** Folders in which Fairlead builds and runs an app; what follows is a path in the repository. */
const places = [
  /^.*\/host\/unpacked\/[^/]+\//,
  /^.*\/host\/releases\/[^/]+\/[^/]+\/[^/]+\//,
  /^.*\/runs\/\d+\/workspace\//,
]
/** `file:///a`, `webpack://shop/./a`, `https://shop.example/a`. */
const scheme = /^[a-z][a-z+.-]*:\/\/(?:[^/]*\/)?/i

/** The path of a file as the repository names it, as far as the path itself tells. */
export function plainPath(file: string): string {
  let path = file.slice(0, 1000).replaceAll('\\', '/')
  if (path.startsWith('file://')) path = path.slice(7)
  else if (!path.startsWith('node:')) path = path.replace(scheme, '')
  for (const place of places) path = path.replace(place, '')
  return (path.split(/[?#]/, 1)[0] ?? '').replace(/^(?:\.\/)+/, '').slice(0, 500)
}

/** Parts of a name that a bundler or a compiler made, which differ between two builds. */
const made = /[.-](?=[\w-]{0,32}\d)[\w-]{6,32}(?=\.\w{1,10}$)/

/** A path without what changes from one build to the next. */
export const stablePath = (path: string): string => path.replace(made, '')

/** A function without numbers that a compiler gave it. */
export const stableFunction = (name: string): string =>
  name
    .replace(/^(?:async |new |Object\.|Module\.|Proxy\.)/, '')
    .replace(/\$\$?(?:Lambda|lambda|Proxy)[\w$/]*/g, '$')
    .replace(/\.func\d+(?:\.\d+)*/g, '.func')
    .replace(/^(?:block |rescue |ensure )(?:\(\d+ levels\) )?in /, '')
    .replace(/(?:0x|@|::h)[0-9a-f]{6,}/g, '')
    .replace(/[`<]\w*>?b?__\d+(?:_\d+)?/g, '')
    .slice(0, 300)
