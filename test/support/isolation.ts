import { tmpdir } from 'node:os'
import { findIsolation } from '#platform/process/isolation.ts'
import { requires, skipWhen } from './programs.ts'

/** Whether this machine can isolate steps at all, whatever FAIRLEAD_ISOLATION says. */
const found = await findIsolation({
  env: { PATH: process.env['PATH'] },
  root: tmpdir(),
  home: tmpdir(),
  isRoot: process.getuid?.() === 0,
  path: '',
  machine: {},
})

/** The options of a test that needs steps and services to be isolated. */
export const requiresIsolation = {
  ...skipWhen(found.kind === 'none', found.kind === 'none' ? found.problem : ''),
  ...requires('bubblewrap', 'iproute2'),
}
