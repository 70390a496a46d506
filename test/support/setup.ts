import { buildConsole } from '../../tools/build-console.ts'

/** Before all tests: the console that their servers serve. */
export default async function setup(): Promise<void> {
  await buildConsole()
}
