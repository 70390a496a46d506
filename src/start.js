#!/usr/bin/env node
// Every process begins here. This file is JavaScript because Node loads its first file before the
// cache is enabled: to strip the types of a first file takes half the time that a process needs.
import { enableCompileCache, flushCompileCache } from 'node:module'
import { join } from 'node:path'

// Processes reuse compiled modules. Node continues without them where the folder is not writable.
enableCompileCache(join(import.meta.dirname, '../node_modules/.cache/fairlead'))
// A process that is killed writes nothing at its end. On a busy machine, a start takes seconds.
for (const milliseconds of [2000, 10_000]) setTimeout(flushCompileCache, milliseconds).unref()

await import('./main.ts')
