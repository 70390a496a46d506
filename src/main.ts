#!/usr/bin/env node
// The composition root: picks the face by the first argument and imports only that one, so that a runner or a host starts fast.
const [, , face] = process.argv

async function main(): Promise<number> {
  switch (face) {
    case 'runner':
      return (await import('#runner/main.ts')).main()
    case 'static':
      return (await import('#host/static.ts')).main(process.argv.slice(3))
    default:
      return (await import('./command-line.ts')).main(process.argv.slice(2))
  }
}

process.exitCode = await main()
