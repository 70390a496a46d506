/**
 * The address in a variable, under which people reach this host: `http` or `https`, without a path;
 * null without one. Throws one sentence for what is no such address.
 */
export function addressSetting(
  env: Record<string, string | undefined>,
  variable: string,
): URL | null {
  const text = env[variable]?.trim() ?? ''
  if (text === '') return null
  const url = URL.parse(text)
  const isPlain = url?.pathname === '/' && url.search + url.hash + url.username === ''
  if (!url || !/^https?:$/.test(url.protocol) || !isPlain)
    throw new Error(
      `${variable} must be an address without a path, such as ` +
        `https://fairlead.example.com; it is ${JSON.stringify(text)}`,
    )
  return url
}

/** The address of `FAIRLEAD_HOST_URL`, under which people reach the edge of this host. */
export const hostUrl = (env: Record<string, string | undefined>): URL | null =>
  addressSetting(env, 'FAIRLEAD_HOST_URL')
