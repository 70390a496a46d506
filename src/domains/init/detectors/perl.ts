import { defineDetector } from '../detector.ts'
import { firstOf } from '../hints.ts'

export default defineDetector({
  name: 'Perl',
  kind: 'language',
  order: 90,
  example: { cpanfile: "requires 'Mojolicious';" },
  detect: (folder) => {
    const file = firstOf(folder, ['cpanfile', 'Makefile.PL', 'Build.PL', 'dist.ini', 'app.psgi'])
    if (!file) return null
    const tools = ['perl']
    const isTested = folder.files.some((path) => /^t\/.*\.t$/.test(path))
    const hasMake = folder.has('Makefile.PL')
    const test = hasMake ? 'perl Makefile.PL\nmake\nmake test\n' : 'prove -lr t'
    return {
      steps: [
        ...(folder.has('cpanfile')
          ? [{ name: 'install', run: 'cpanm --local-lib local --installdeps .', tools: ['cpanm'] }]
          : []),
        ...(isTested
          ? [{ name: 'test', run: test, tools, env: { PERL5LIB: 'local/lib/perl5' } }]
          : []),
      ],
      services: folder.has('app.psgi')
        ? [
            {
              name: 'web',
              run:
                'PERL5LIB=local/lib/perl5 ' +
                'perl -S plackup --host 127.0.0.1 --port $PORT app.psgi',
            },
          ]
        : [],
      found: [`${file}: Perl.`],
    }
  },
})
