/** ln of the mean of e^x, without overflow. */
export function logMeanExp(values: number[]): number {
  let top = -Infinity
  for (const value of values) if (value > top) top = value
  if (top === -Infinity) return -Infinity
  let sum = 0
  for (const value of values) sum += Math.exp(value - top)
  return top + Math.log(sum / values.length)
}
