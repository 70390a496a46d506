import { ChainTimeline } from '../event/chain-timeline.tsx'
import { useTitle } from '../ui/page.tsx'
import { useRunOfPage } from './run-layout.tsx'

/** Every event that the commit of a run caused. */
export function RunEventsPage() {
  const run = useRunOfPage()
  useTitle(`Events of run ${run.id}`)
  return <ChainTimeline chain={run.change.chain} />
}
