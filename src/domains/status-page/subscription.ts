/** Kinds of channels that page people or run commands are not for customers. */
const notForCustomers = new Set([
  ...['command', 'pagerduty', 'twilio-sms', 'twilio-voice', 'web-push'],
])

/** Whether a kind of channel may get the updates of the status page. Pure. */
export const isForCustomers = (kind: string): boolean => !notForCustomers.has(kind)

const pauses = [5, 15, 60, 300]
const longPause = 900
/** About a day of attempts. */
const mostTries = 100

/** Seconds until a refused delivery is tried again; null to give it up. Pure. */
export const pauseAfter = (tries: number): number | null =>
  tries >= mostTries ? null : (pauses[tries - 1] ?? longPause)
