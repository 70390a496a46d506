/** The ring that keeps the line running clear. */
export function Logo({ size = 22 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden>
      <path d="M0 16h8.5m15 0H32" stroke="var(--move)" strokeWidth="3.5" />
      <circle cx="16" cy="16" r="8" fill="none" stroke="currentColor" strokeWidth="4" />
      <circle cx="16" cy="16" r="2.6" fill="var(--move)" />
    </svg>
  )
}
