/**
 * The address of `FAIRLEAD_HOST_URL`, under which people reach the edge of this host, without a
 * path; null without one. Throws one sentence for what is no such address.
 */
export function hostUrl(env: Record<string, string | undefined>): URL | null {
  const text = env['FAIRLEAD_HOST_URL']?.trim() ?? ''
  if (text === '') return null
  const url = URL.parse(text)
  if (!url || !/^https?:$/.test(url.protocol) || url.pathname !== '/' || url.search || url.username)
    throw new Error(
      'FAIRLEAD_HOST_URL must be an address without a path, such as ' +
        `https://host.example.com; it is ${JSON.stringify(text)}`,
    )
  return url
}
