// Builds what is published: the console and the program.
import { rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { buildConsole } from './build-console.ts'
import { buildProgram } from './build-program.ts'

rmSync(fileURLToPath(new URL('../dist', import.meta.url)), { recursive: true, force: true })
await buildConsole()
await buildProgram()
