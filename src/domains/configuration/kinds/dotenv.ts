import { parseEnv } from 'node:util'
import { defineFileKind } from '../file-kind.ts'

const line = /^\s*(?:#.*|(?:export\s+)?[A-Za-z_]\w*=.*)?$/

export default defineFileKind({
  kind: 'dotenv',
  title: '.env',
  names: ['.env'],
  example: { good: '# comment\nPORT=8080\nNAME="a b"\n', bad: 'PORT 8080\n' },
  read: (text) => {
    const wrong = text.split('\n').findIndex((one) => !line.test(one))
    if (wrong >= 0) throw new Error(`line ${wrong + 1} is neither KEY=VALUE nor a comment`)
    return { ...parseEnv(text) }
  },
  writers: [(value) => value, (value) => value.replaceAll('\n', String.raw`\n`)],
})
