/**
 * Milliseconds of processor time that this process has used. Unlike a clock, it stands still while
 * other processes use the processors.
 */
export function processorMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}
