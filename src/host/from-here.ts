import type { IncomingMessage } from 'node:http'

/** Whether the reader and all proxies before the edge are on this machine. */
export const isFromHere = ({ headers }: Pick<IncomingMessage, 'headers'>): boolean =>
  String(headers['x-forwarded-for'] ?? '')
    .split(',')
    .every((one) => /^(?:::ffff:)?127\.|^::1$/i.test(one.trim()))
