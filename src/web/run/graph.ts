import type { RunDetail, Step } from '#contract/run/run.ts'
import { isVerification } from '../line/track.ts'
import { deploymentBadges, isInProgress, type Badge, stepBadges } from '../ui/state.ts'

export interface GraphNode {
  /** `step/NAME` or `environment/NAME` */
  id: string
  kind: 'step' | 'environment'
  name: string
  badge: Badge
  needs: string[]
  column: number
  row: number
  from: string | null
  to: string | null
}

export interface Graph {
  nodes: GraphNode[]
  columns: number
  rows: number
}

/** Lays out the steps of a run, then its environments, in columns by their dependencies. */
export function graphOf(run: RunDetail): Graph {
  const steps = run.steps.filter((step) => !isVerification(step.name, run))
  const needed = new Set(steps.flatMap((step) => step.needs))
  const lastSteps = steps
    .filter((step) => !needed.has(step.name))
    .map((step) => `step/${step.name}`)
  const bare = [...steps.map(stepNode), ...environmentNodes(run, lastSteps)]
  const columns = columnsOf(bare)
  const nodes = placeRows(
    bare.map((node) => ({ ...node, column: columns.get(node.id) ?? 0, row: 0 })),
  )
  return {
    nodes,
    columns: Math.max(0, ...nodes.map((node) => node.column)) + 1,
    rows: Math.max(
      1,
      ...[...Map.groupBy(nodes, (node) => node.column).values()].map((column) => column.length),
    ),
  }
}

type Bare = Omit<GraphNode, 'column' | 'row'>

const stepNode = (step: Step): Bare => ({
  id: `step/${step.name}`,
  kind: 'step',
  name: step.name,
  badge: stepBadges[step.state],
  needs: step.needs.map((name) => `step/${name}`),
  from: step.started,
  to: step.ended,
})

function environmentNodes(run: RunDetail, lastSteps: string[]): Bare[] {
  return run.deployments.map(({ environment, deployment }, index): Bare => {
    const before = run.deployments[index - 1]
    const isOver = run.ended !== null
    return {
      id: `environment/${environment}`,
      kind: 'environment',
      name: environment,
      badge: deployment
        ? deploymentBadges[deployment.state]
        : { tone: isOver ? 'none' : 'wait', word: isOver ? 'Not reached' : 'Waiting' },
      needs: before ? [`environment/${before.environment}`] : lastSteps,
      from: deployment ? (deployment.started ?? deployment.created) : null,
      to:
        deployment && !isInProgress(deployment.state)
          ? (deployment.live ?? deployment.ended)
          : null,
    }
  })
}

/** Puts each node one column after the last node it needs. */
function columnsOf(nodes: Bare[]): Map<string, number> {
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const found = new Map<string, number>()
  const columnOf = (id: string): number => {
    const known = found.get(id)
    if (known !== undefined) return known
    // Ends a cycle, although the server rejects those.
    found.set(id, 0)
    const needs = byId.get(id)?.needs.filter((need) => byId.has(need)) ?? []
    const column = needs.length === 0 ? 0 : Math.max(...needs.map(columnOf)) + 1
    found.set(id, column)
    return column
  }
  for (const node of nodes) columnOf(node.id)
  return found
}

/** Orders the nodes of a column by the rows of the nodes they need, then as in the file. */
function placeRows(nodes: GraphNode[]): GraphNode[] {
  const rows = new Map<string, number>()
  for (const column of [...new Set(nodes.map((node) => node.column))].sort((a, b) => a - b)) {
    const middle = (node: GraphNode): number => {
      const known = node.needs.flatMap((need) => rows.get(need) ?? [])
      return known.length === 0 ? 0 : known.reduce((a, b) => a + b, 0) / known.length
    }
    const inColumn = nodes
      .filter((node) => node.column === column)
      .sort((a, b) => middle(a) - middle(b))
    inColumn.forEach((node, index) => rows.set(node.id, index - (inColumn.length - 1) / 2))
  }
  return nodes.map((node) => ({ ...node, row: rows.get(node.id) ?? 0 }))
}

export type Direction = 'left' | 'right' | 'up' | 'down'

/** The node that an arrow key moves to. */
export function neighbour(graph: Graph, id: string, direction: Direction): string {
  const start = graph.nodes.find((node) => node.id === id)
  if (!start) return graph.nodes[0]?.id ?? id
  const distance = (node: GraphNode): number =>
    direction === 'left' || direction === 'right'
      ? Math.abs(node.row - start.row)
      : Math.abs(node.row - start.row) + Math.abs(node.column - start.column) * 100
  const fits: Record<Direction, (node: GraphNode) => boolean> = {
    left: (node) => node.column === start.column - 1,
    right: (node) => node.column === start.column + 1,
    up: (node) => node.column === start.column && node.row < start.row,
    down: (node) => node.column === start.column && node.row > start.row,
  }
  const [best] = graph.nodes.filter(fits[direction]).sort((a, b) => distance(a) - distance(b))
  return best?.id ?? id
}

/**
 * The node selected by default: a failed one, else a deployment that waits, else a running one,
 * else the last step that ran.
 */
export function initialNode(graph: Graph): string | null {
  const failed = graph.nodes.find((node) => node.badge.tone === 'bad' || node.badge.tone === 'back')
  const waiting = graph.nodes.find(
    (node) => node.kind === 'environment' && node.badge.tone === 'wait' && node.from !== null,
  )
  const moving = graph.nodes.find((node) => node.badge.tone === 'move')
  const ran = graph.nodes.filter((node) => node.kind === 'step' && node.from !== null)
  const lastStep = ran.toSorted((a, b) => (a.to ?? '').localeCompare(b.to ?? '')).at(-1)
  return (failed ?? waiting ?? moving ?? lastStep ?? graph.nodes[0])?.id ?? null
}
