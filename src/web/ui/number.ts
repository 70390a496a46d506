/** Shown in place of a number that is not known. */
export const unknown = 'unknown'

export const formatCount = (value: number): string => value.toLocaleString('en-US')

/** Three significant digits, with an exponent only for numbers below one millionth. */
function threeDigits(value: number): string {
  if (value === 0) return '0'
  const size = Math.abs(value)
  if (size >= 1000) return formatCount(Math.round(value))
  return String(Number(size < 1e-6 ? value.toExponential(1) : value.toPrecision(3)))
}

/** A fraction, 0 to 1, in per cent. */
export const formatShare = (value: number): string => `${threeDigits(value * 100)} %`

/** A factor, such as 1.5×. */
export const formatRatio = (value: number | null): string =>
  value === null ? unknown : `${threeDigits(value)}×`

export function formatMilliseconds(value: number | null): string {
  if (value === null) return unknown
  return value >= 1000 ? `${threeDigits(value / 1000)} s` : `${threeDigits(value)} ms`
}

/** An interval of factors; `null` means no bound on that side. */
export function formatRange({ low, high }: { low: number | null; high: number | null }): string {
  if (low === null && high === null) return unknown
  if (low === null) return `at most ${formatRatio(high)}`
  return high === null
    ? `at least ${formatRatio(low)}`
    : `${formatRatio(low)} to ${formatRatio(high)}`
}

export const errorRate = ({ requests, errors }: { requests: number; errors: number }): string =>
  requests === 0 ? unknown : formatShare(errors / requests)

/** Evidence as the decimal logarithm of an e-value, with two decimals. */
export const formatEvidence = (value: number): string => {
  const rounded = value.toFixed(2)
  return rounded === '-0.00' ? '0.00' : rounded.replace('-', '−')
}
