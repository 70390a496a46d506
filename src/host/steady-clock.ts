/**
 * Milliseconds of CLOCK_MONOTONIC, which all processes of a boot share, and which no change of the
 * time of day moves.
 */
export const steadyMs = (): number => Number(process.hrtime.bigint() / 1_000_000n)
