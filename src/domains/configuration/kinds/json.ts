import { defineFileKind } from '../file-kind.ts'

export default defineFileKind({
  kind: 'json',
  title: 'JSON',
  names: ['.json'],
  example: { good: '{"port": 8080, "hosts": ["a", "b"]}', bad: '{"port": 8080,}' },
  read: (text) => JSON.parse(text) as unknown,
  writers: [(value) => JSON.stringify(value).slice(1, -1)],
})
