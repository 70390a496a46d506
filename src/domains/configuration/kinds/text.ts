import { defineFileKind, refuseCharacters } from '../file-kind.ts'

/** Every other file: only a value with a line break or a control character is refused. */
export default defineFileKind({
  kind: 'text',
  title: 'Any other text',
  names: [],
  example: { good: 'level debug\n', bad: '' },
  refuse: refuseCharacters(/[^\s\S]/, ''),
})
