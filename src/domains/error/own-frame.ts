import type { RawFrame, TraceFormat } from './trace.ts'
import { traces } from './traces.generated.ts'

const formats: readonly TraceFormat[] = traces

/** Whether a frame that an SDK sent belongs to the app, by the format of its language. */
export function isOwnFrame(language: string, frame: RawFrame): boolean {
  const name = language === 'javascript' ? 'node' : language
  const format = formats.find((one) => one.name === name)
  return format ? !format.isForeign(frame) : frame.file !== null
}
