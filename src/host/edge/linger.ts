import type { Socket } from 'node:net'
import { beneath } from './tls.ts'

/**
 * Ends a connection of a client. Closing while the client still sends would discard the response,
 * so its bytes are read and dropped until it closes, for at most that many milliseconds.
 */
export function linger(socket: Socket, maxMs: number): void {
  socket.end()
  socket.resume()
  const late = setTimeout(() => socket.destroy(), maxMs)
  late.unref()
  socket.once('close', () => clearTimeout(late))
}

/** Milliseconds to linger: longer while the client still sends a body. */
export const lingerMs = (isUploading: boolean): number => (isUploading ? 5000 : 1000)

/**
 * Ends a connection in the middle of a response, after the bytes that were written. If only the end
 * of the connection ends the response, it is reset, because the client would take it as complete.
 */
export function cutOff(socket: Socket, isEndless: boolean): void {
  if (isEndless) beneath(socket).resetAndDestroy()
  else linger(socket, lingerMs(false))
}
