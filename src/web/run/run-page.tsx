import { useMemo } from 'react'
import { useSearchParams } from 'react-router'
import type { RunDetail } from '#contract/run/run.ts'
import { useTitle } from '../ui/page.tsx'
import { isActive } from '../ui/state.ts'
import { gatesNode, initialNode, graphOf } from './graph.ts'
import { NodePanel } from './node-panel.tsx'
import { RunGraph } from './run-graph.tsx'
import { useRunOfPage } from './run-layout.tsx'

const signs: Partial<Record<RunDetail['state'], string>> = {
  running: '●',
  queued: '○',
  suspended: '✕',
  succeeded: '✓',
  failed: '✕',
  cancelled: '–',
}

/** The graph of a run, and the step or environment that is selected in it. */
export function RunPage() {
  const run = useRunOfPage()
  useTitle(`Run ${run.id}: ${run.change.subject}`, signs[run.state])
  const nodes = useMemo(() => graphOf(run), [run])
  const [search, setSearch] = useSearchParams()
  const asked = askedOf(search)
  const verified = /^step\/verify-(.+)$/.exec(asked ?? '')?.[1]
  const known = [asked, verified ? `environment/${verified}` : null].find((id) =>
    nodes.some((node) => node.id === id),
  )
  const selected = known ?? initialNode(nodes)
  const select = (id: string): void => {
    const [kind, ...name] = id.split('/')
    setSearch({ [kind ?? 'step']: name.join('/') }, { replace: true })
  }
  return (
    <>
      {nodes.length > 0 ? <RunGraph nodes={nodes} selected={selected} select={select} /> : null}
      <div className="mt-5">
        {selected ? <NodePanel run={run} node={selected} /> : <NotStarted run={run} />}
      </div>
    </>
  )
}

/** The node that the address of the page names. */
function askedOf(search: URLSearchParams): string | null {
  if (search.has('environment')) return `environment/${search.get('environment')}`
  if (search.has('step')) return `step/${search.get('step')}`
  return search.has('gates') ? gatesNode : null
}

function NotStarted({ run }: { run: RunDetail }) {
  return (
    <p className="panel px-4 py-8 text-center text-soft">
      {isActive(run.state)
        ? 'The steps are not known yet.'
        : 'The run ended before its first step.'}
    </p>
  )
}
