import { defineSoftware } from '../software.ts'

/** https://nginx.org/en/docs/switches.html */
export default defineSoftware({
  name: 'nginx',
  title: 'nginx',
  example: ['nginx', '-c', 'nginx.conf'],
  detect: ([program = '']) => program === 'nginx' || program === 'openresty',
  blame: (output) => {
    const match = /\[emerg\].* in (\/[^\s:]+):(\d+)/.exec(output)
    return match ? { file: match[1] ?? null, line: Number(match[2]) } : null
  },
})
