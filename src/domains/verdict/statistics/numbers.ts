/** ln of the mean of e^x, without overflow. With weights, which sum to one, the weighted mean. */
export function logMeanExp(values: number[], weights?: number[]): number {
  const top = Math.max(...values)
  if (top === -Infinity) return -Infinity
  const even = 1 / values.length
  return (
    top +
    Math.log(
      values.reduce((sum, value, i) => sum + (weights?.[i] ?? even) * Math.exp(value - top), 0),
    )
  )
}

/** The zero of a rising function between two points; the nearer end when there is none. */
export function rootOf(rising: (x: number) => number, low: number, high: number): number {
  let [from, to] = [low, high]
  if (rising(from) >= 0) return from
  if (rising(to) <= 0) return to
  for (let i = 0; i < 60; i += 1) {
    const middle = (from + to) / 2
    if (rising(middle) < 0) from = middle
    else to = middle
  }
  return (from + to) / 2
}

/** ln Γ(x) for x > 0, by Stirling's series after a shift; relative error below 1e−10. */
export function lnGamma(x: number): number {
  let shift = 0
  let value = x
  while (value < 8) {
    shift -= Math.log(value)
    value += 1
  }
  const inverse = 1 / (value * value)
  const series = (1 / 12 - inverse * (1 / 360 - inverse * (1 / 1260 - inverse / 1680))) / value
  return shift + (value - 0.5) * Math.log(value) - value + 0.5 * Math.log(2 * Math.PI) + series
}

/**
 * The standard normal quantile, 0 < p < 1, to 1e−9, by bisecting the error function's series.
 * (Wichura 1988 is faster.)
 */
export function normalQuantile(p: number): number {
  return rootOf((z) => normalCdf(z) - p, -8, 8)
}

/**
 * The standard normal distribution function: a continued fraction in the tails, a series in the
 * middle.
 */
export function normalCdf(z: number): number {
  const x = Math.abs(z)
  let upper: number
  if (x > 3) {
    let fraction = x
    for (let i = 40; i > 0; i -= 1) fraction = x + i / fraction
    upper = Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI) / fraction
  } else {
    let term = x
    let sum = x
    for (let i = 1; i < 80; i += 1) {
      term *= (x * x) / (2 * i + 1)
      sum += term
    }
    upper = 0.5 - (Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)) * sum
  }
  return z < 0 ? upper : 1 - upper
}
