/** Counts of equal periods as bars, the oldest first. */
export function Sparkline({
  counts,
  label,
  className = 'h-6 w-32',
}: {
  counts: readonly number[]
  label: string
  className?: string
}) {
  const most = Math.max(1, ...counts)
  return (
    <svg
      role="img"
      aria-label={label}
      viewBox={`0 0 ${counts.length * 4} 20`}
      preserveAspectRatio="none"
      className={`text-bad ${className}`}
    >
      <line x1="0" x2={counts.length * 4} y1="19.5" y2="19.5" className="stroke-edge" />
      {counts.map((count, i) => {
        const height = count === 0 ? 0 : Math.max(2, (count / most) * 19)
        return (
          <rect
            key={i}
            x={i * 4}
            y={20 - height}
            width="3"
            height={height}
            className="fill-current"
          />
        )
      })}
    </svg>
  )
}
