/** A text without the repeated character at its end, in linear time, unlike `/x+$/`. */
export function withoutEnd(text: string, character: string): string {
  let length = text.length
  while (length > 0 && text[length - 1] === character) length -= 1
  return text.slice(0, length)
}
