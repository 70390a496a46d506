/** A text without the repeated character at its end, in linear time, unlike `/x+$/`. */
export function withoutEnd(text: string, character: string): string {
  let length = text.length
  while (length > 0 && text[length - 1] === character) length -= 1
  return text.slice(0, length)
}

/** A number with its noun, such as `1 file` or `3 processes`. Pure. */
export const counted = (count: number, noun: string, plural = `${noun}s`): string =>
  `${count} ${count === 1 ? noun : plural}`
