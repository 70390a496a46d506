import { Graph, layout } from '@dagrejs/dagre'
import type { GraphNode } from './graph.ts'

/** A node with its column, from 0, and its position: the middle of its left edge, in pixels. */
export interface PlacedNode extends GraphNode {
  column: number
  x: number
  y: number
}

/** A connection between two nodes as the path of an SVG. */
export interface PlacedEdge {
  from: PlacedNode
  to: PlacedNode
  path: string
}

export interface Drawing {
  nodes: PlacedNode[]
  edges: PlacedEdge[]
  width: number
  height: number
  nodeWidth: number
}

export const nodeHeight = 50
/** Pixels between the nodes of a column, and between two columns: less where there is no room. */
const rowGap = 12
const columnGaps = { wide: 44, narrow: 24 }
const nodeWidths = { least: 124, most: 196 }

/**
 * Places nodes in columns, each as soon as everything it needs is there, and leads the edges
 * between the nodes of the columns that they pass. Columns share the available width.
 */
export function drawingOf(nodes: GraphNode[], available: number): Drawing {
  const columns = columnsOf(nodes)
  const count = Math.max(0, ...columns.values()) + 1
  const shareWith = (gap: number): number => (available - (count - 1) * gap) / count
  const gap = shareWith(columnGaps.wide) < nodeWidths.least ? columnGaps.narrow : columnGaps.wide
  const share = shareWith(gap)
  const nodeWidth = Math.floor(Math.min(Math.max(share, nodeWidths.least), nodeWidths.most))
  const graph = new Graph()
  graph.setGraph({
    ...{ rankdir: 'LR', nodesep: rowGap, edgesep: rowGap, ranksep: gap },
    ranker: rankBy(columns),
  })
  for (const { id } of nodes) graph.setNode(id, { width: nodeWidth, height: nodeHeight })
  for (const [from, to] of edgesOf(nodes, columns)) graph.setEdge(from, to, {})
  layout(graph)
  const placed = new Map(
    nodes.map((node) => {
      const { x = 0, y = 0 } = graph.node(node.id)
      const place = { column: columns.get(node.id) ?? 0, x: x - nodeWidth / 2, y }
      return [node.id, { ...node, ...place }]
    }),
  )
  const edges = edgesOf(nodes, columns).flatMap(([source, target]) => {
    const [from, to] = [placed.get(source), placed.get(target)]
    if (!from || !to) return []
    const points = graph.edge(source, target).points ?? []
    return [{ from, to, path: pathOf(from, to, points, { nodeWidth, gap }) }]
  })
  const { width = 0, height = 0 } = graph.graph()
  return { nodes: [...placed.values()], edges, width, height, nodeWidth }
}

/** The edges between nodes that exist. One of a cycle, which the server rejects, is left out. */
const edgesOf = (nodes: GraphNode[], columns: Map<string, number>): [string, string][] =>
  nodes.flatMap(({ id, needs }) =>
    needs.flatMap((need): [string, string][] =>
      (columns.get(need) ?? Infinity) < (columns.get(id) ?? 0) ? [[need, id]] : [],
    ),
  )

/** Puts each node one column after the last node it needs. */
function columnsOf(nodes: GraphNode[]): Map<string, number> {
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const found = new Map<string, number>()
  const columnOf = (id: string): number => {
    const known = found.get(id)
    if (known !== undefined) return known
    // Ends a cycle.
    found.set(id, 0)
    const needs = byId.get(id)?.needs.filter((need) => byId.has(need)) ?? []
    const column = needs.length === 0 ? 0 : Math.max(...needs.map(columnOf)) + 1
    found.set(id, column)
    return column
  }
  for (const node of nodes) columnOf(node.id)
  return found
}

/** The default ranker moves a step that needs nothing next to what needs it. */
const rankBy =
  (columns: Map<string, number>) =>
  (graph: InstanceType<typeof Graph>): void => {
    const [edge] = graph.edges()
    const { minlen = 1 } = edge ? graph.edge(edge) : {}
    for (const id of graph.nodes()) graph.node(id).rank = (columns.get(id) ?? 0) * minlen
  }

/** Curves between two columns, and is straight where it passes the nodes of a column. */
function pathOf(
  from: PlacedNode,
  to: PlacedNode,
  points: { x: number; y: number }[],
  { nodeWidth, gap }: { nodeWidth: number; gap: number },
): string {
  const step = nodeWidth + gap
  const passed = Array.from({ length: to.column - from.column - 1 }, (_, index) => {
    const x = from.x + (index + 1) * step
    const { y } = points.find((point) => Math.abs(point.x - x - nodeWidth / 2) < 1) ?? from
    return { x, y }
  })
  let [x, y] = [from.x + nodeWidth, from.y]
  let path = `M${x},${y}`
  for (const next of [...passed, to]) {
    const middle = (x + next.x) / 2
    path += ` C${middle},${y} ${middle},${next.y} ${next.x},${next.y}`
    if (next !== to) path += ` H${next.x + nodeWidth}`
    ;[x, y] = [next.x + nodeWidth, next.y]
  }
  return path
}

export type Direction = 'left' | 'right' | 'up' | 'down'

/** The node that an arrow key moves to. */
export function neighbour(nodes: PlacedNode[], id: string, direction: Direction): string {
  const start = nodes.find((node) => node.id === id)
  if (!start) return nodes[0]?.id ?? id
  const fits: Record<Direction, (node: PlacedNode) => boolean> = {
    left: (node) => node.column === start.column - 1,
    right: (node) => node.column === start.column + 1,
    up: (node) => node.column === start.column && node.y < start.y,
    down: (node) => node.column === start.column && node.y > start.y,
  }
  const distance = (node: PlacedNode): number => Math.abs(node.y - start.y)
  const [best] = nodes.filter(fits[direction]).toSorted((a, b) => distance(a) - distance(b))
  return best?.id ?? id
}

/** The nodes in the order in which they are read: by column, then from top to bottom. */
export const inOrder = (nodes: PlacedNode[]): PlacedNode[] =>
  nodes.toSorted((a, b) => a.column - b.column || a.y - b.y)
