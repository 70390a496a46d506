import type { RunDetail, Step } from '#contract/run/run.ts'
import { isVerification } from '../line/track.ts'
import { deploymentBadges, isInProgress, type Badge, stepBadges } from '../ui/state.ts'

export interface GraphNode {
  /** `step/NAME`, `gates/all` or `environment/NAME` */
  id: string
  kind: 'step' | 'gates' | 'environment'
  name: string
  badge: Badge
  needs: string[]
  from: string | null
  to: string | null
}

/** The node of the gates, which are evaluated together. */
export const gatesNode = 'gates/all'

/** The steps of a run, then its gates, then its environments, with what each of them needs. */
export function graphOf(run: RunDetail): GraphNode[] {
  const steps = run.steps.filter((step) => !isVerification(step.name, run))
  const needed = new Set(steps.flatMap((step) => step.needs))
  const lastSteps = steps
    .filter((step) => !needed.has(step.name))
    .map((step) => `step/${step.name}`)
  const gates = gatesNodes(run, steps, lastSteps)
  return [
    ...steps.map(stepNode),
    ...gates,
    ...environmentNodes(run, gates.length > 0 ? [gatesNode] : lastSteps),
  ]
}

const stepNode = (step: Step): GraphNode => ({
  id: `step/${step.name}`,
  kind: 'step',
  name: step.name,
  badge: stepBadges[step.state],
  needs: step.needs.map((name) => `step/${name}`),
  from: step.started,
  to: step.ended,
})

function gatesNodes(run: RunDetail, steps: Step[], needs: string[]): GraphNode[] {
  if (run.gates.length === 0) return []
  const name = run.gates.length === 1 ? '1 gate' : `${run.gates.length} gates`
  const badge = gatesBadge(run, steps)
  return [{ id: gatesNode, kind: 'gates', name, badge, needs, from: null, to: null }]
}

function gatesBadge({ gates, ended }: RunDetail, steps: Step[]): Badge {
  const stopping = gates.filter(({ stops }) => stops).length
  if (stopping > 0)
    return { tone: 'bad', word: gates.length === 1 ? 'Failed' : `${stopping} failed` }
  if (gates.some(({ state }) => state === 'waiting')) {
    if (ended !== null) return { tone: 'none', word: 'Not evaluated' }
    const isNext = steps.length > 0 && steps.every(({ state }) => state === 'passed')
    return isNext ? { tone: 'move', word: 'Evaluating' } : { tone: 'wait', word: 'Waiting' }
  }
  return gates.some(({ state }) => state === 'waived')
    ? { tone: 'warn', word: 'Passed, waived' }
    : { tone: 'good', word: 'Passed' }
}

function environmentNodes(run: RunDetail, needs: string[]): GraphNode[] {
  return run.deployments.map(({ environment, deployment }, index): GraphNode => {
    const before = run.deployments[index - 1]
    const isOver = run.ended !== null
    return {
      id: `environment/${environment}`,
      kind: 'environment',
      name: environment,
      badge: deployment
        ? deploymentBadges[deployment.state]
        : { tone: isOver ? 'none' : 'wait', word: isOver ? 'Not reached' : 'Waiting' },
      needs: before ? [`environment/${before.environment}`] : needs,
      from: deployment ? (deployment.started ?? deployment.created) : null,
      to:
        deployment && !isInProgress(deployment.state)
          ? (deployment.live ?? deployment.ended)
          : null,
    }
  })
}

/**
 * The node selected by default: a failed one, else a deployment that waits, else a running one,
 * else the last step that ran.
 */
export function initialNode(nodes: GraphNode[]): string | null {
  const failed = nodes.find(({ badge }) => badge.tone === 'bad' || badge.tone === 'back')
  const waiting = nodes.find(
    ({ kind, badge, from }) => kind === 'environment' && badge.tone === 'wait' && from !== null,
  )
  const moving = nodes.find(({ badge }) => badge.tone === 'move')
  const ran = nodes.filter(({ kind, from }) => kind === 'step' && from !== null)
  const lastStep = ran.toSorted((a, b) => (a.to ?? '').localeCompare(b.to ?? '')).at(-1)
  return (failed ?? waiting ?? moving ?? lastStep ?? nodes[0])?.id ?? null
}
