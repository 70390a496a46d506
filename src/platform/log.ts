/**
 * Writes one line of JSON per message to standard error. Never pass secrets, payloads or
 * environments.
 */
export interface Logger {
  info(message: string, fields?: Record<string, unknown>): void
  warn(message: string, fields?: Record<string, unknown>): void
  error(message: string, fields?: Record<string, unknown>): void
}

export function createLogger(write: (line: string) => void, now: () => number = Date.now): Logger {
  const at =
    (level: string) =>
    (message: string, fields: Record<string, unknown> = {}) =>
      write(
        `${JSON.stringify({ time: new Date(now()).toISOString(), level, message, ...fields })}\n`,
      )
  return { info: at('info'), warn: at('warn'), error: at('error') }
}
