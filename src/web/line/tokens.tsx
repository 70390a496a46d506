import { Link } from 'react-router'
import { shortSha, type Tone } from '../ui/state.ts'
import { StatusIcon, toneClass } from '../ui/status.tsx'
import { Elapsed } from '../ui/time.tsx'
import type { Token } from './track.ts'
import { classes } from '../ui/classes.ts'

const edges: Partial<Record<Tone, string>> = {
  move: 'border-move',
  bad: 'border-bad',
  back: 'border-warn',
}

/** The changes between two stations: the furthest, and how many follow it. */
export function Tokens({ tokens }: { tokens: Token[] }) {
  const [first, ...others] = tokens
  if (!first) return null
  return (
    <div className="relative z-10 flex h-6 items-center gap-1">
      <span
        className="hidden min-w-0 transition-[flex-grow] duration-500 md:block"
        style={{ flexGrow: first.at }}
      />
      <TokenPill token={first} />
      {others.length > 0 ? (
        <span
          className="rounded-full border border-edge-strong bg-panel px-1.5 text-small text-soft"
          title={others.map((one) => one.sentence).join('\n')}
        >
          +{others.length}
        </span>
      ) : null}
      <span
        className="hidden min-w-0 transition-[flex-grow] duration-500 md:block"
        style={{ flexGrow: 1 - first.at }}
      />
    </div>
  )
}

export function TokenPill({ token, brief = false }: { token: Token; brief?: boolean }) {
  const { tone, word } = token.badge
  return (
    <Link
      to={token.to}
      data-token={token.key}
      title={token.sentence}
      className={classes(
        'flex min-w-0 items-center gap-1.5 rounded-full border bg-panel py-0.5',
        'pr-2 pl-1 text-small whitespace-nowrap hover:bg-hover',
        edges[tone] ?? 'border-edge-strong',
      )}
    >
      <StatusIcon tone={tone} />
      <code className="font-mono">{shortSha(token.change.sha)}</code>
      {brief ? null : (
        <span className={`truncate md:hidden @min-[80rem]:inline ${toneClass(tone)}`}>
          {word.toLowerCase()}
        </span>
      )}
      {token.since && (tone === 'move' || tone === 'wait') ? (
        <span className="truncate text-soft">
          <Elapsed from={token.since} />
        </span>
      ) : null}
      <span className="sr-only">{token.sentence}</span>
    </Link>
  )
}
