import { defineDetector } from '../detector.ts'
import { word } from '../hints.ts'

export default defineDetector({
  name: 'COBOL',
  kind: 'language',
  order: 110,
  example: { 'shop.cob': '       program-id. shop.' },
  detect: (folder) => {
    const sources = folder.files.filter((path) => /\.(cob|cbl|cobol)$/i.test(path))
    const program = sources.find((path) => !/(^|\/)tests?[/_.]/i.test(path))
    if (!program || folder.has('Makefile')) return null
    return {
      steps: [
        {
          name: 'build',
          run: `mkdir -p bin\ncobc -x -o bin/app ${word(program)}\n`,
          tools: ['cobc'],
        },
      ],
      services: [],
      found: [`${program}: COBOL, compiled with GnuCOBOL into bin/app.`],
    }
  },
})
