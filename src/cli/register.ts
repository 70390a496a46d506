import type { Command } from 'commander'
import type { Context } from './context.ts'

/** Adds commands to the command line. */
export type Register = (program: Command, context: Context) => void
