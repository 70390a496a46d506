import type { Command } from 'commander'
import type { Context } from './world.ts'

/** Adds commands to the command line. */
export type Register = (program: Command, context: Context) => void
