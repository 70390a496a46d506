import { runInNewContext } from 'node:vm'

/**
 * Returns the result of a synchronous function, or throws an Error after `ms` milliseconds. V8 ends
 * the function wherever it is, also inside a regular expression.
 */
export function withTimeLimit<T>(ms: number, what: string, work: () => T): T {
  let result: { value: T } | undefined
  const run = (): void => void (result = { value: work() })
  try {
    runInNewContext('run()', { run }, { timeout: ms })
  } catch (error) {
    if ((error as { code?: string }).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT')
      throw new Error(`${what} takes longer than ${ms / 1000} s`, { cause: error })
    throw error
  }
  return (result as { value: T }).value
}
