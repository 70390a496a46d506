// npm run night: 18 July 2013 again, with a real Redis; see docs/night.md.
import { type Charge, timesCharged } from './night/cards.ts'
import { type Figure, figuresOf, type Forced } from './night/forced.ts'
import { type Night, replay, replayBare } from './night/replay.ts'

const seconds = 60

export async function run(): Promise<void> {
  const bare = await replayBare(seconds)
  const night = await replay({ usual: 75, after: 45 })
  printTimeline(night, bare)
  const figures = figuresOf(night.forced)
  printFigures(figures)
  const isRefused = night.refused.role === 'master' && night.refused.charges === 0
  if (!isRefused || figures.some(isMissed)) process.exitCode = 1
}

function printTimeline({ resyncs, refused, forced }: Night, bare: Charge[]): void {
  const after = (at: number | null | undefined): string =>
    at === null || at === undefined ? 'never' : `${seconds1(at - forced.restarted)} s`
  const [most] = timesCharged(bare)
  const rows = [
    ['replicas lose the network, and need all data at once', 'all', `${resyncs} of 2`],
    ['the restart', 'done', `refused after ${seconds1(refused.took)} s`],
    ['', '', refused.answer],
    [
      'charges, failed requests, pages after the refusal',
      '',
      `${refused.charges}, ${refused.failedRequests}, ${refused.pages}`,
    ],
    ['the forced restart to the first wrong charge', '', after(forced.wrong[0]?.at)],
    ['… to the switch that stops the recharge', '', after(forced.switchedOff)],
    ['… to the first alarm', '46 min', after(forced.alarmed)],
    ['… to the page that the recharge is off', '', after(forced.paged)],
    ['… to a true status page', '', after(forced.status?.at)],
    ['what customers read', '', `${forced.lastStatus.state}: ${forced.lastStatus.text}`],
    ['cards charged wrongly', '1.4 % of the customers', charged(forced.wrong)],
    [`without Fairlead, in ${seconds} s`, '', `${charged(bare)}; no alarm`],
    ['one card, at most', '7 times', `${timesCharged(forced.wrong)[0]?.[1] ?? 0} times`],
    ['without Fairlead', '', `${most?.[1] ?? 0} times`],
  ]
  printTable(['what', '2013', 'here'], rows)
  printIncident(forced)
}

function printIncident({ incident, reviewFacts }: Forced): void {
  if (!incident) return console.log('There is no incident')
  console.log(`\nIncident ${incident.id}: ${incident.title}`)
  console.log(`  onset ${incident.onset?.from} to ${incident.onset?.until}`)
  for (const { place, text, reason } of incident.changes.slice(0, 3))
    console.log(`  suspect ${place}: ${text}, ${reason}`)
  console.log(`  review drafted with ${reviewFacts.length} facts`)
}

const charged = (charges: Charge[]): string =>
  `${new Set(charges.map(({ account }) => account)).size}, ${charges.length} charges`

function printFigures(figures: Figure[]): void {
  const rows = figures.map((figure) => [
    figure.name,
    figure.value === null ? 'never' : `${Number(figure.value.toFixed(1))} ${figure.unit}`.trim(),
    `≤ ${figure.most} ${figure.unit}`.trim(),
    isMissed(figure) ? 'missed' : '',
  ])
  console.log('')
  printTable(['figure', 'measured', 'target', ''], rows)
}

const isMissed = ({ value, most }: Figure): boolean => value === null || value > most

const seconds1 = (ms: number): string => (ms / 1000).toFixed(1)

function printTable(head: string[], rows: string[][]): void {
  const line = (cells: string[]): string => `| ${cells.join(' | ')} |`
  console.log([line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n'))
}
