/** The disk space that measurements take. Sizes are bytes. */
export interface SignalStorage {
  series: number
  bytes: number
  budget: number
}

/** The share of the budget from which on old values may be deleted early. */
const fullShare = 0.95

/** Whether the oldest values are deleted before their time is over. */
export const isStorageFull = ({ bytes, budget }: SignalStorage): boolean =>
  bytes >= fullShare * budget

const count = (value: number): string => Math.round(value).toLocaleString('en-US')

/** What is used of the disk space for measurements, and what happens at its limit. */
export function storageWords(storage: SignalStorage): { used: string; limit: string } {
  const { series, bytes, budget } = storage
  const least = bytes > 0 && bytes < 1e6 ? 'less than 1' : count(bytes / 1e6)
  return {
    used:
      `${count(series)} ${series === 1 ? 'series takes' : 'series take'} ${least} of ` +
      `${count(budget / 1e6)} MB (${Math.round((100 * bytes) / budget)} %)`,
    limit: isStorageFull(storage)
      ? 'the limit is reached: the oldest values with 10 seconds between them are deleted early; ' +
        'raise FAIRLEAD_SIGNALS_MB to keep them'
      : 'at the limit, FAIRLEAD_SIGNALS_MB, the oldest fine values are deleted first',
  }
}
