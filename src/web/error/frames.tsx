import { useState } from 'react'
import type { ShownFrame } from '#contract/error/error.ts'
import { Button } from '../ui/button.tsx'
import { Nothing } from '../ui/page.tsx'
import { shortSha } from '../ui/state.ts'
import { Scrollable } from '../ui/scrollable.tsx'

/** The frames of a trace, those of the app with their source lines. */
export function Frames({ frames }: { frames: ShownFrame[] }) {
  const [isWhole, showWhole] = useState(false)
  const own = frames.filter(({ isOwn }) => isOwn)
  const shown = isWhole || own.length === 0 ? frames : own
  if (frames.length === 0) return <Nothing>The event has no trace.</Nothing>
  const others = frames.length - own.length
  return (
    <>
      <ol className="panel divide-y divide-edge overflow-hidden">
        {shown.map((frame, i) => (
          <FrameRow key={i} frame={frame} />
        ))}
      </ol>
      {own.length > 0 && others > 0 ? (
        <Button kind="bare" className="mt-2" onClick={() => showWhole(!isWhole)}>
          {isWhole ? 'Show only frames of the app' : `Show ${others} frames of dependencies`}
        </Button>
      ) : null}
    </>
  )
}

function FrameRow({ frame }: { frame: ShownFrame }) {
  const { function: name, path, file, line, isOwn, source, changedBy } = frame
  return (
    <li className={`px-4 py-2.5 ${isOwn ? '' : 'text-soft'}`}>
      <div className="break-words">
        <span className="font-medium">{name ?? 'anonymous'}</span>{' '}
        <span className="text-soft">
          {path ?? file}
          {line === null ? '' : `:${line}`}
        </span>
      </div>
      {changedBy ? (
        <div className="text-warn">
          {changedBy.author} changed this line in {shortSha(changedBy.sha)} ({changedBy.subject})
        </div>
      ) : null}
      {source === null ? null : (
        <Scrollable
          label={`Source of ${path ?? file}`}
          className="mt-1.5 rounded-md bg-sunken py-1.5 font-mono text-log"
        >
          {source.lines.map((text, i) => {
            const number = source.from + i
            return (
              <div
                key={number}
                className={`px-3 whitespace-pre ${number === line ? 'bg-bad/15' : ''}`}
              >
                <span className="mr-3 inline-block w-10 text-right text-soft select-none">
                  {number}
                </span>
                {text}
              </div>
            )
          })}
        </Scrollable>
      )}
    </li>
  )
}
