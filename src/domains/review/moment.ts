/** `2026-11-30 01:46:25 UTC` */
export const moment = (time: string): string =>
  `${new Date(time).toISOString().slice(0, 19).replace('T', ' ')} UTC`
