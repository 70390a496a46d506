/** Nothing of the test runner's own environment, and not the repository's Node on the PATH. */
export function cleanEnvironment(): Record<string, string> {
  const path = (process.env['PATH'] ?? '')
    .split(':')
    .filter((folder) => !folder.includes('node_modules'))
    .join(':')
  return { PATH: path, HOME: process.env['HOME'] ?? '/', LANG: 'C.UTF-8' }
}
