import { type KeyboardEvent, useRef } from 'react'
import { StatusIcon } from '../ui/status.tsx'
import { Elapsed } from '../ui/time.tsx'
import { useWidth } from '../ui/width.ts'
import { type Direction, type Graph, type GraphNode, neighbour } from './graph.ts'

interface Props {
  graph: Graph
  selected: string | null
  select: (id: string) => void
}

const nodeHeight = 50
const rowGap = 12
const narrow = 640

const arrows: Record<string, Direction> = {
  ArrowLeft: 'left',
  ArrowRight: 'right',
  ArrowUp: 'up',
  ArrowDown: 'down',
}

/** The steps and environments of a run as a graph, and as a list on a phone. */
export function RunGraph({ graph, selected, select }: Props) {
  const frame = useRef<HTMLDivElement>(null)
  const width = useWidth(frame)
  const onKey = (event: KeyboardEvent): void => {
    const direction = arrows[event.key]
    const focused = (event.target as HTMLElement).dataset['node']
    if (!direction || !focused) return
    event.preventDefault()
    const isList = width < narrow
    const next = isList ? inList(graph, focused, direction) : neighbour(graph, focused, direction)
    frame.current?.querySelector<HTMLElement>(`[data-node="${next}"]`)?.focus()
    select(next)
  }
  return (
    <div
      ref={frame}
      role="group"
      aria-label="Steps and environments"
      onKeyDown={onKey}
      className="panel overflow-x-auto p-3"
    >
      {width === 0 ? <div style={{ height: graph.rows * (nodeHeight + rowGap) }} /> : null}
      {width >= narrow ? (
        <Drawing graph={graph} selected={selected} select={select} width={width} />
      ) : null}
      {width > 0 && width < narrow ? (
        <List graph={graph} selected={selected} select={select} />
      ) : null}
    </div>
  )
}

function inList(graph: Graph, id: string, direction: Direction): string {
  const order = inOrder(graph)
  const at = order.findIndex((node) => node.id === id)
  return order[at + (direction === 'up' || direction === 'left' ? -1 : 1)]?.id ?? id
}

const inOrder = (graph: Graph): GraphNode[] =>
  graph.nodes.toSorted((a, b) => a.column - b.column || a.row - b.row)

function Drawing({ graph, selected, select, width }: Props & { width: number }) {
  const step = Math.max(150, Math.min(width / graph.columns, 236))
  const gap = Math.max(24, Math.min(step * 0.2, 40))
  const nodeWidth = step - gap
  const height = graph.rows * (nodeHeight + rowGap) - rowGap
  const x = (node: GraphNode): number => node.column * step
  const y = (node: GraphNode): number => height / 2 + node.row * (nodeHeight + rowGap)
  const byId = new Map(graph.nodes.map((node) => [node.id, node]))
  const edges = graph.nodes.flatMap((node) =>
    node.needs.flatMap((need) => (byId.has(need) ? [{ from: byId.get(need)!, to: node }] : [])),
  )
  return (
    <div className="relative" style={{ height, width: graph.columns * step - gap }}>
      <svg aria-hidden className="absolute inset-0 size-full overflow-visible">
        {edges.map(({ from, to }) => {
          const [x1, y1, x2, y2] = [x(from) + nodeWidth, y(from), x(to), y(to)]
          const bend = Math.min((x2 - x1) / 2, 60)
          const path = `M${x1},${y1} C${x1 + bend},${y1} ${x2 - bend},${y2} ${x2},${y2}`
          return (
            <path
              key={`${from.id} ${to.id}`}
              d={path}
              className="graph-edge"
              data-state={edgeState(from, to)}
            />
          )
        })}
      </svg>
      {inOrder(graph).map((node) => (
        <div
          key={node.id}
          className="absolute"
          style={{ left: x(node), top: y(node) - nodeHeight / 2, width: nodeWidth }}
        >
          <NodeButton node={node} isSelected={node.id === selected} select={select} />
        </div>
      ))}
    </div>
  )
}

function edgeState(from: GraphNode, to: GraphNode): string {
  if (to.badge.tone === 'move') return 'moving'
  return from.badge.tone === 'good' && to.from !== null ? 'done' : 'ahead'
}

function List({ graph, selected, select }: Props) {
  return (
    <ol className="grid grid-cols-2 gap-1.5">
      {inOrder(graph).map((node) => (
        <li key={node.id}>
          <NodeButton node={node} isSelected={node.id === selected} select={select} />
        </li>
      ))}
    </ol>
  )
}

function NodeButton({
  node,
  isSelected,
  select,
}: {
  node: GraphNode
  isSelected: boolean
  select: (id: string) => void
}) {
  const kind = node.kind === 'step' ? 'Step' : 'Environment'
  const shape = node.kind === 'environment' ? 'rounded-full px-4' : 'rounded-lg px-3'
  const frame = isSelected ? 'border-ink bg-hover' : 'border-edge-strong bg-panel hover:bg-hover'
  return (
    <button
      type="button"
      data-node={node.id}
      aria-current={isSelected}
      aria-label={`${kind} ${node.name}: ${node.badge.word.toLowerCase()}`}
      onClick={() => select(node.id)}
      style={{ height: nodeHeight }}
      className={`flex w-full items-center gap-2.5 border text-left ${shape} ${frame}`}
    >
      <StatusIcon tone={node.badge.tone} size={18} />
      <span className="min-w-0 flex-1">
        <span className="block truncate font-medium" title={node.name}>
          {node.name}
        </span>
        <span className="block truncate text-[0.88em] text-soft">
          {node.badge.word}
          {node.from !== null ? (
            <>
              {' · '}
              <Elapsed from={node.from} to={node.to} />
            </>
          ) : null}
        </span>
      </span>
    </button>
  )
}
