// npm run bench: the figures that the README and the issues quote, each as a ratio against an
// alternative in the same run. npm run bench -- delivery runs only those whose name is given.
const benches: Record<string, () => Promise<{ run(): Promise<void> }>> = {
  start: () => import('./start.ts'),
  delivery: () => import('./delivery.ts'),
  deployments: () => import('./deployments.ts'),
  artifact: () => import('./artifact.ts'),
  edge: () => import('./edge.ts'),
  canary: () => import('./canary.ts'),
  host: () => import('./host.ts'),
  events: () => import('./events.ts'),
  verdict: () => import('./verdict.ts'),
  reports: () => import('./reports.ts'),
  code: () => import('./code.ts'),
  change: () => import('./change.ts'),
  webhooks: () => import('./webhooks.ts'),
  kills: () => import('./kills.ts'),
  faults: () => import('./faults.ts'),
  alarms: () => import('./alarms.ts'),
  alerts: () => import('./alerts.ts'),
  pages: () => import('./pages.ts'),
  storm: () => import('./storm.ts'),
  monitors: () => import('./monitors.ts'),
  newcomer: () => import('./newcomer.ts'),
  console: () => import('./console.ts'),
  chart: () => import('./chart.ts'),
  rehearsal: () => import('./rehearsal.ts'),
  errors: () => import('./errors.ts'),
  suspects: () => import('./suspects.ts'),
  machines: () => import('./machines.ts'),
  switch: () => import('./switch.ts'),
  incidents: () => import('./incidents.ts'),
  'status-page': () => import('./status-page.ts'),
  night: () => import('./night.ts'),
}

const wanted = process.argv.slice(2)
for (const [name, load] of Object.entries(benches)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  console.log(`\n## ${name}`)
  await (await load()).run()
}
