import { launchBrowser, signIn } from '../test/support/browser.ts'
import { isInstalled } from '../test/support/programs.ts'
import { endedRun, push } from '../test/support/app.ts'
import { makeRepository } from '../test/support/repository.ts'
import { startInstallation } from '../test/support/installation.ts'
import { spread, timed } from './measure.ts'

const tests = 10_000
const rounds = 7

const script = `awk 'BEGIN { print "<testsuite name=\\"s\\">"; for (i = 0; i < ${tests}; i++) printf "<testcase classname=\\"c\\" name=\\"t %d\\" time=\\"0.01\\"/>", i; print "</testsuite>" }' > out.xml
printf 'SF:a.js\\n' > lcov.info; for i in $(seq 1 1500); do printf "DA:$i,$((i % 3))\\n" >> lcov.info; done; echo end_of_record >> lcov.info
`
const code = (value: number): string =>
  Array.from({ length: 1500 }, (_, index) => `export const name${index} = ${value + index}\n`).join(
    '',
  )

/**
 * The page of a change with 10,000 tests and 3,000 lines of diff, from the address to the last
 * part, in a browser that has been there before.
 */
export async function run(): Promise<void> {
  if (!isInstalled('chromium')) return console.log('there is no browser here')
  const installation = await startInstallation()
  const repository = await makeRepository({
    'fairlead.yaml': `steps: {test: {run: sh test.sh, reports: [out.xml, lcov.info]}}\ngates: {coverage: coverage.changed >= 50}\nenvironments: {production: {}}\n`,
    'test.sh': script,
    'a.js': code(1),
  })
  const browser = await launchBrowser()
  try {
    await push(installation, 'shop', repository)
    await endedRun(installation, 1)
    await repository.commit({ 'a.js': code(2) })
    await push(installation, 'shop', repository)
    await endedRun(installation, 2)
    const page = await browser.newPage()
    await signIn(installation, page)
    const open = async (): Promise<void> => {
      await page.goto(`http://localhost:${installation.port}/runs/2/change`)
      await page.getByRole('region', { name: 'Evidence' }).getByText('How it was built').waitFor()
    }
    await open()
    const shown: number[] = []
    const answered: number[] = []
    for (let round = 0; round < rounds; round += 1) {
      shown.push(await timed(open))
      answered.push(await timed(() => installation.client.getChange({ params: { run: 2 } })))
    }
    console.log(
      `${tests} tests, a diff of 3,000 lines: the page is whole after ${spread(shown)}; its data are there after ${spread(answered)}`,
    )
  } finally {
    await browser.close()
    await installation.stop()
    await repository.remove()
  }
}
