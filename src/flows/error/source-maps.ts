import { originalPositionFor, TraceMap } from '@jridgewell/trace-mapping'
import type { Exception, Frame } from '#contract/error/error.ts'
import { plainPath } from '#domains/error/paths.ts'
import { readFiles } from '#platform/oci/read-files.ts'
import { findPath } from './frames.ts'

export interface SourceMapsOptions {
  /** the OCI image layout of the artifacts */
  layout: string
}

export interface SourceMaps {
  /** Replaces frames of built JavaScript by those of its sources, where the artifact has maps. */
  apply(artifact: string, exceptions: Exception[]): Promise<Exception[]>
}

/** Bytes of a map, and artifacts whose maps are kept in memory. */
const limits = { map: 30_000_000, artifacts: 8 }

/** The source maps of an artifact by the path of the file that each describes. */
type Maps = Map<string, Buffer | TraceMap | null>

export function createSourceMaps({ layout }: SourceMapsOptions): SourceMaps {
  const known = new Map<string, Promise<Maps>>()
  const mapsOf = (artifact: string): Promise<Maps> => {
    const found = known.get(artifact) ?? readMaps(layout, artifact)
    known.delete(artifact)
    known.set(artifact, found)
    for (const old of known.keys()) if (known.size > limits.artifacts) known.delete(old)
    return found
  }
  return {
    apply: async (artifact, exceptions) => {
      const isBuilt = exceptions.some(({ frames }) => frames.some(isScript))
      if (!isBuilt) return exceptions
      const maps = await mapsOf(artifact)
      if (maps.size === 0) return exceptions
      return exceptions.map((one) => ({ ...one, frames: mapFrames(one.frames, maps) }))
    },
  }
}

const isScript = ({ file, line, isOwn }: Frame): boolean =>
  isOwn && line !== null && file !== null && /\.[cm]?js$/.test(file)

/** An artifact that was removed meanwhile has no maps. */
async function readMaps(layout: string, artifact: string): Promise<Maps> {
  const isWanted = (path: string): boolean =>
    /\.[cm]?js\.map$/.test(path) && !path.includes('node_modules/')
  const files = await readFiles({ layout, digest: artifact, isWanted, limit: limits.map }).catch(
    () => new Map<string, Buffer>(),
  )
  return new Map([...files].map(([path, bytes]) => [path.slice(0, -'.map'.length), bytes]))
}

function mapFrames(frames: Frame[], maps: Maps): Frame[] {
  const paths = [...maps.keys()]
  const mapped = frames.map((frame) => {
    const path = isScript(frame) && frame.file !== null ? findPath(frame.file, paths) : null
    const map = path === null ? null : mapAt(maps, path)
    return map ? mapFrame(frame, map) : { frame, name: null }
  })
  // A map names the place of a call; the function of a frame is the call of the next one.
  return mapped.map(({ frame, name }, i) => {
    const caller = mapped[i + 1]?.name ?? null
    return name === null && caller === null
      ? frame
      : { ...frame, function: caller ?? frame.function }
  })
}

function mapAt(maps: Maps, path: string): TraceMap | null {
  const found = maps.get(path) ?? null
  if (!Buffer.isBuffer(found)) return found
  let map: TraceMap | null = null
  try {
    map = new TraceMap(found.toString('utf8'), path)
  } catch {
    // A file of another kind; its frames stay as they are.
  }
  maps.set(path, map)
  return map
}

function mapFrame(frame: Frame, map: TraceMap): { frame: Frame; name: string | null } {
  const column = Math.max(0, (frame.column ?? 1) - 1)
  const found = originalPositionFor(map, { line: frame.line ?? 1, column })
  if (found.source === null) return { frame, name: null }
  const file = plainPath(found.source)
  return {
    frame: {
      ...frame,
      ...{ file, line: found.line, column: found.column + 1 },
      isOwn: !file.includes('node_modules/'),
    },
    name: found.name,
  }
}
