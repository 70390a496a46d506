import { parse } from 'smol-toml'
import { defineFileKind } from '../file-kind.ts'

export default defineFileKind({
  kind: 'toml',
  title: 'TOML',
  names: ['.toml'],
  example: { good: 'port = 8080\nhosts = ["a", "b"]\n', bad: 'port = \n' },
  read: (text) => {
    try {
      return parse(text)
    } catch (error) {
      throw new Error((error as Error).message.split('\n', 1)[0], { cause: error })
    }
  },
  writers: [(value) => JSON.stringify(value).slice(1, -1), (value) => value],
})
