import { type KeyboardEvent, type RefObject, useEffect, useMemo, useRef } from 'react'
import { classes } from '../ui/classes.ts'
import { StatusIcon } from '../ui/status.tsx'
import { Elapsed } from '../ui/time.tsx'
import { useWidth } from '../ui/width.ts'
import type { GraphNode } from './graph.ts'
import {
  type Direction,
  type Drawing,
  drawingOf,
  inOrder,
  neighbour,
  nodeHeight,
  type PlacedEdge,
} from './layout.ts'

interface Selection {
  selected: string | null
  select: (id: string) => void
}

/** On a narrower screen, the graph is a list. */
const narrow = 640
const padding = 12

const arrows: Record<string, Direction> = {
  ArrowLeft: 'left',
  ArrowRight: 'right',
  ArrowUp: 'up',
  ArrowDown: 'down',
}

/** The steps, gates and environments of a run as a graph, and as a list on a phone. */
export function RunGraph({ nodes, selected, select }: Selection & { nodes: GraphNode[] }) {
  const frame = useRef<HTMLDivElement>(null)
  const width = useWidth(frame)
  const drawing = useMemo(() => drawingOf(nodes, width), [nodes, width])
  const isList = width < narrow
  useShown(frame, selected, drawing)
  const onKey = (event: KeyboardEvent): void => {
    const direction = arrows[event.key]
    const focused = (event.target as HTMLElement).dataset['node']
    if (!direction || !focused) return
    event.preventDefault()
    const next = isList
      ? inList(drawing, focused, direction)
      : neighbour(drawing.nodes, focused, direction)
    frame.current?.querySelector<HTMLElement>(`[data-node="${next}"]`)?.focus()
    select(next)
  }
  return (
    <div
      ref={frame}
      role="group"
      aria-label="Steps, gates and environments"
      onKeyDown={onKey}
      className="panel overflow-x-auto"
      style={{ padding }}
    >
      {width === 0 ? (
        <div style={{ height: drawing.height }} />
      ) : isList ? (
        <List drawing={drawing} selected={selected} select={select} />
      ) : (
        <Picture drawing={drawing} selected={selected} select={select} />
      )}
    </div>
  )
}

/** Scrolls a graph that is too wide to the selected node. */
function useShown(
  frame: RefObject<HTMLDivElement | null>,
  selected: string | null,
  drawing: Drawing,
): void {
  useEffect(() => {
    const element = frame.current
    const x = drawing.nodes.find(({ id }) => id === selected)?.x
    if (!element || x === undefined) return
    const end = x + drawing.nodeWidth + 2 * padding
    if (x < element.scrollLeft) element.scrollLeft = x
    else if (end > element.scrollLeft + element.clientWidth)
      element.scrollLeft = end - element.clientWidth
  }, [frame, selected, drawing])
}

function inList({ nodes }: Drawing, id: string, direction: Direction): string {
  const order = inOrder(nodes)
  const at = order.findIndex((node) => node.id === id)
  return order[at + (direction === 'up' || direction === 'left' ? -1 : 1)]?.id ?? id
}

function Picture({ drawing, selected, select }: Selection & { drawing: Drawing }) {
  const { nodes, edges, width, height, nodeWidth } = drawing
  return (
    <div className="relative" style={{ height, width }}>
      <svg aria-hidden className="absolute inset-0 size-full overflow-visible">
        {edges.map((edge) => (
          <path
            key={`${edge.from.id} ${edge.to.id}`}
            d={edge.path}
            className="graph-edge"
            data-state={edgeState(edge)}
          />
        ))}
      </svg>
      {inOrder(nodes).map((node) => (
        <div
          key={node.id}
          className="absolute"
          style={{ left: node.x, top: node.y - nodeHeight / 2, width: nodeWidth }}
        >
          <NodeButton node={node} isSelected={node.id === selected} select={select} />
        </div>
      ))}
    </div>
  )
}

function edgeState({ from, to }: PlacedEdge): string {
  if (to.badge.tone === 'move') return 'moving'
  const hasBegun = to.from !== null || (to.kind === 'gates' && !isAhead(to))
  return from.badge.tone === 'good' && hasBegun ? 'done' : 'ahead'
}

const isAhead = ({ badge: { tone } }: GraphNode): boolean => tone === 'wait' || tone === 'none'

function List({ drawing, selected, select }: Selection & { drawing: Drawing }) {
  return (
    <ol className="grid grid-cols-2 gap-1.5">
      {inOrder(drawing.nodes).map((node) => (
        <li key={node.id} className="min-w-0">
          <NodeButton node={node} isSelected={node.id === selected} select={select} />
        </li>
      ))}
    </ol>
  )
}

const kinds: Record<GraphNode['kind'], { word: string; shape: string }> = {
  step: { word: 'Step ', shape: 'rounded-lg px-2.5' },
  gates: { word: '', shape: 'rounded-lg border-dashed px-2.5' },
  environment: { word: 'Environment ', shape: 'rounded-full px-3' },
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
  const { word, shape } = kinds[node.kind]
  const frame = isSelected ? 'border-ink bg-hover' : 'border-edge-strong bg-panel hover:bg-hover'
  return (
    <button
      type="button"
      data-node={node.id}
      aria-current={isSelected}
      onClick={() => select(node.id)}
      style={{ height: nodeHeight }}
      className={classes('flex w-full items-center gap-2 border text-left', shape, frame)}
    >
      <StatusIcon tone={node.badge.tone} size={16} />
      <span className="min-w-0 flex-1">
        <span className="block truncate font-medium" title={node.name}>
          <span className="sr-only">{word}</span>
          {node.name}
        </span>{' '}
        {/* The duration is on a second line, which is hidden, where there is no room for it. */}
        <span className="flex h-[1.45em] flex-wrap gap-x-1.5 overflow-hidden text-small text-soft">
          <span>{node.badge.word}</span>
          {node.from !== null ? <Elapsed from={node.from} to={node.to} /> : null}
        </span>
      </span>
    </button>
  )
}
