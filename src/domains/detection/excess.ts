/**
 * Chernoff's bound on how surprising a count is, as −ln of the probability of `count` or more.
 * `mean` is the expected count; `precision` is 1/v, where v is the relative variance of the rate
 * itself (0 precision: nothing is known; Infinity: the rate is exact, and the count is Poisson).
 * For a gamma rate, the count is negative binomial, and the bound holds too.
 */
export function excess(count: number, mean: number, precision: number): number {
  if (count <= mean || mean <= 0) return 0
  return bound(count, mean, precision)
}

/** The same for `count` or less. */
export function shortfall(count: number, mean: number, precision: number): number {
  if (count >= mean) return 0
  return bound(count, mean, precision)
}

function bound(count: number, mean: number, precision: number): number {
  const observed = count === 0 ? 0 : count * Math.log(count / mean)
  // Beyond this precision, the difference to Poisson is below the rounding error.
  if (precision > 1e9) return observed - count + mean
  if (precision <= 0) return 0
  const both = count + precision
  return observed - both * Math.log(both / (mean + precision))
}
