import { evidenceWords } from './words.ts'
import { classes } from '../ui/classes.ts'

/**
 * The evidence relative to its threshold. `isHarm` is whether it is evidence of harm. Without data,
 * there is no evidence either way.
 */
export function EvidenceBar({
  name,
  evidence,
  threshold,
  hasData,
  isHarm = true,
}: {
  name: string
  evidence: number
  threshold: number
  hasData: boolean
  isHarm?: boolean
}) {
  const part = Math.min(Math.max(evidence / threshold, 0), 1)
  const isOver = evidence >= threshold
  const colour = isOver ? (isHarm ? 'bg-bad' : 'bg-good') : 'bg-move'
  const words = evidenceWords({ evidence, threshold, hasData, isHarm })
  return (
    <div>
      <div className="flex flex-wrap justify-between gap-x-3 text-small">
        <span className="text-soft">{name}</span>
        <span className={isOver && isHarm ? 'font-medium text-bad' : ''}>{words}</span>
      </div>
      <div
        role="meter"
        aria-label={name}
        aria-valuemin={0}
        aria-valuemax={Number(threshold.toFixed(2))}
        aria-valuenow={Number(Math.min(Math.max(evidence, 0), threshold).toFixed(2))}
        aria-valuetext={words}
        className={classes(
          'mt-1 h-2 overflow-hidden rounded-full bg-hover ring-1 ring-edge-strong',
          'ring-inset',
        )}
      >
        <div className={`h-full rounded-full ${colour}`} style={{ width: `${part * 100}%` }} />
      </div>
    </div>
  )
}
