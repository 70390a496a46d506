import {
  Ban,
  ChevronsRight,
  CircleCheck,
  CircleDashed,
  CircleQuestionMark,
  Hourglass,
  OctagonX,
  TriangleAlert,
  Undo2,
} from 'lucide-react'
import type { Badge, Tone } from './state.ts'

const tones: Record<Tone, string> = {
  good: 'text-good',
  bad: 'text-bad',
  warn: 'text-warn',
  move: 'text-move',
  wait: 'text-soft',
  unknown: 'text-warn',
  none: 'text-soft',
  'passed-over': 'text-soft',
  stopped: 'text-soft',
  back: 'text-warn',
  fact: 'text-soft',
}

export const toneClass = (tone: Tone): string => tones[tone]

const icons = {
  good: CircleCheck,
  bad: OctagonX,
  warn: TriangleAlert,
  wait: Hourglass,
  unknown: CircleQuestionMark,
  none: CircleDashed,
  'passed-over': ChevronsRight,
  stopped: Ban,
  back: Undo2,
}

/** An icon of a distinct shape for each tone, so that colour is never the only cue. */
export function StatusIcon({ tone, size = 15 }: { tone: Tone; size?: number }) {
  if (tone === 'move') return <MovingIcon size={size} />
  if (tone === 'fact') return <FactIcon size={size} />
  const Icon = icons[tone]
  return <Icon size={size} strokeWidth={2.2} className={`shrink-0 ${tones[tone]}`} aria-hidden />
}

function MovingIcon({ size }: { size: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 24 24" className="shrink-0 text-move" aria-hidden>
      <circle cx="12" cy="12" r="9.6" fill="none" stroke="currentColor" strokeWidth="2.2" />
      <circle cx="12" cy="12" r="4.6" fill="currentColor" className="breathe" />
    </svg>
  )
}

function FactIcon({ size }: { size: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 24 24" className="shrink-0 text-soft" aria-hidden>
      <circle cx="12" cy="12" r="5" fill="currentColor" />
    </svg>
  )
}

/** The icon and the word of a state. */
export function Status({ badge, size }: { badge: Badge; size?: number }) {
  return (
    <span className={`inline-flex items-center gap-1.5 whitespace-nowrap ${tones[badge.tone]}`}>
      <StatusIcon tone={badge.tone} {...(size === undefined ? {} : { size })} />
      <span className="font-medium">{badge.word}</span>
    </span>
  )
}
