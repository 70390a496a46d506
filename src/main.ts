// The composition root selects the face by the first argument and imports only that one, so that a
// runner or a host starts fast.
const [, , face, ...rest] = process.argv
// The command line handles options and help; most processes that Fairlead starts pass none.
const isPlain = rest.length === 0 || ['static', 'connect', 'fault-proxy'].includes(face ?? '')

async function main(): Promise<number> {
  switch (isPlain ? face : '') {
    case 'runner':
      return (await import('#runner/main.ts')).main()
    case 'host':
      return (await import('#host/main.ts')).main({ upgrade: false })
    case 'rehearsal':
      return (await import('#host/rehearsal/rehearsal.ts')).main()
    case 'drift-reader':
      return (await import('#host/drift/reader.ts')).main()
    case 'guardian':
      return (await import('#host/fault/guardian.ts')).main()
    case 'injector':
      return (await import('#host/fault/injector.ts')).main()
    case 'fault-proxy':
      return (await import('#host/fault/proxy.ts')).main(rest)
    case 'stage':
      return (await import('#host/rehearsal/stage.ts')).main()
    case 'inspector':
      return (await import('#inspector/main.ts')).main()
    case 'report-reader':
      return (await import('#domains/report/reader.ts')).main()
    case 'static':
      return (await import('#host/static.ts')).main(rest)
    case 'connect':
      return (await import('#platform/git/connect.ts')).main(rest)
    default:
      return (await import('./command-line.ts')).main(process.argv.slice(2))
  }
}

process.exitCode = await main()
