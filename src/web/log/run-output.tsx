import { useEffect, useState } from 'react'
import { classes } from '../ui/classes.ts'
import { useFollowEnd } from '../ui/follow-end.ts'
import { formatCount } from '../ui/number.ts'
import { ProblemLine } from '../ui/problem.tsx'
import { followOutput, noOutput, type ReadOutput } from './output.ts'
import { StyledText } from './styled-text.tsx'

/**
 * What a run wrote. Follows the end unless the user scrolls up. `read` must stay the same function;
 * `command` prints all of it.
 */
export function RunOutput({ read, command }: { read: ReadOutput; command: string }) {
  const [output, setOutput] = useState(noOutput)
  useEffect(() => {
    const stop = new AbortController()
    setOutput(noOutput)
    void followOutput(read, setOutput, stop.signal)
    return () => stop.abort()
  }, [read])
  const { lines, left, deleted, isComplete, problem } = output
  const frame = useFollowEnd(lines)
  return (
    <>
      {left === 0 && deleted === 0 ? null : (
        <p className="mb-2 text-soft">
          {left === 0 ? null : `${formatCount(left)} earlier lines are not shown. `}
          {deleted === 0 ? null : `${formatCount(deleted)} bytes were deleted. `}
          {left === 0 ? null : (
            <>
              All of it: <code className="font-mono">{command}</code>
            </>
          )}
        </p>
      )}
      <div
        {...frame}
        tabIndex={0}
        role="log"
        aria-live="off"
        aria-label="Output"
        className={classes(
          'panel max-h-[max(20rem,calc(100dvh-24rem))] overflow-auto bg-sunken px-3 py-2',
          'font-mono text-log leading-5',
        )}
      >
        {lines.map((line, index) => (
          <div key={left + index} className="min-h-5 break-all whitespace-pre-wrap">
            <StyledText text={line} />
          </div>
        ))}
        {lines.length === 0 && problem === null ? (
          <p className="py-4 text-center font-sans text-soft">
            {isComplete ? 'No output.' : 'No output yet.'}
          </p>
        ) : null}
      </div>
      {problem === null ? null : <ProblemLine error={problem} />}
    </>
  )
}
