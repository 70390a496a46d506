/** Interval in milliseconds for data that changes without an event, such as health. */
export const pollInterval = 15_000
