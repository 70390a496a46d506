const browsers: [RegExp, string][] = [
  [/\bEdg\//, 'Edge'],
  [/\bOPR\//, 'Opera'],
  [/\bFirefox\//, 'Firefox'],
  [/\bChromium\/|\bChrome\/|\bHeadlessChrome\//, 'Chrome'],
  [/\bVersion\/.*\bSafari\//, 'Safari'],
]
const systems: [RegExp, string][] = [
  [/\bAndroid\b/, 'Android'],
  [/\biPhone\b|\biPad\b/, 'iOS'],
  [/\bWindows\b/, 'Windows'],
  [/\bMac OS X\b/, 'macOS'],
  [/\bLinux\b/, 'Linux'],
]

/**
 * What a browser calls itself, in the words that people know it by; to tell one's own from another,
 * and for nothing else.
 */
export function browserOf(agent: string | null): string {
  if (agent === null) return 'A browser'
  const first = (list: [RegExp, string][]): string | undefined =>
    list.find(([pattern]) => pattern.test(agent))?.[1]
  const browser = first(browsers)
  const system = first(systems)
  if (browser === undefined) return agent.slice(0, 60)
  return system === undefined ? browser : `${browser} on ${system}`
}
