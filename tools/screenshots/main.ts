// Shows every page of the console in every state.
//   npm run screenshots              compares the pages with the stored ones, then takes
//                                    screenshots of a real server and checks them with axe
//   npm run screenshots -- --compare only compares, without a server
//   npm run screenshots -- --accept  stores the layout of recorded pages anew, without a server
//   npm run screenshots -- --update  records the pages and stores them anew
//   npm run screenshots -- --readme  takes the pictures of the README anew
// Names at the end select pages: npm run screenshots -- --update home run-waiting
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { launchBrowser } from '../../test/support/browser.ts'
import { pathOf, programs } from '../../test/support/programs.ts'
import { buildConsoleIfChanged } from '../build-console.ts'
import { readExpected, storedNames, writeExpected } from './recording.ts'
import { takePictures } from './picture.ts'
import { takeAll } from './take.ts'
import { openGallery } from './views.ts'

const folder = 'screenshots'
const args = process.argv.slice(2)
const names = args.filter((arg) => !arg.startsWith('--'))
const isWanted = (name: string): boolean =>
  names.length === 0 || names.some((one) => name.includes(one))
const report = (name: string, problems: string[]): number => {
  for (const problem of problems) console.error(`${name}: ${problem}`)
  return problems.length
}

await buildConsoleIfChanged()
rmSync(folder, { recursive: true, force: true })
const browser = await launchBrowser(pathOf(programs.chromium.command)!)
const isUpdate = args.includes('--update')
const isAccept = args.includes('--accept')
const gallery = await openGallery(
  browser,
  isUpdate || isAccept ? folder : join(folder, 'different'),
)
let bad = 0
try {
  if (args.includes('--readme')) await takePictures(browser)
  else if (isAccept)
    for (const name of storedNames().filter(isWanted)) {
      const { recording } = readExpected(name)
      writeExpected(name, { layouts: await gallery.layouts(name, recording), recording })
    }
  else if (!isUpdate) {
    const stored = storedNames().filter(isWanted)
    for (const name of stored) bad += report(name, await gallery.compare(name))
    console.log(`Compared ${stored.length} pages with the stored ones: ${bad} problems.`)
    if (bad > 0)
      console.log('If the pages should look like this: npm run screenshots -- --update NAME …')
  }
  if (!args.some((arg) => ['--compare', '--accept', '--readme'].includes(arg))) {
    const update = isUpdate ? gallery : null
    const taken = await takeAll({ browser, folder, isWanted, report, update })
    console.log(`The screenshots are in ${folder}/. ${taken} problems.`)
    bad += taken
  }
} finally {
  await gallery.close()
  await browser.close()
}
process.exitCode = bad === 0 ? 0 : 1
