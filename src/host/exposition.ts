import { closeSync, fstatSync, readFileSync } from 'node:fs'
import { get } from 'node:http'
import type { Exposition } from '#contract/host/expositions.ts'
import { openInside } from '#platform/file/inside.ts'
import { type Address, addressOf, socketOf } from './address.ts'
import type { SavedInstance } from './state.ts'

/** Limits for reading the metrics of an instance: milliseconds and bytes. */
const timeoutMs = 2000
const maxBytes = 8 * 1024 * 1024

/** The file in the /tmp of an instance to which a service without a port writes its metrics. */
export const metricsName = 'metrics.prom'

/** Which metrics are read. */
export interface WantedMetrics {
  path: string
  /** null for all of them */
  names: Set<string> | null
  /** of one service only */
  service?: string | undefined
}

/** Returns the metrics of an instance, from its port or from its file. */
export async function instanceExposition(
  { service, index, port, ip, started }: SavedInstance,
  tmpFolder: string,
  { path, names }: WantedMetrics,
): Promise<Exposition> {
  const text =
    port === null
      ? await readExposition(tmpFolder, metricsName)
      : await requestExposition(addressOf({ ip, port }), path)
  return {
    instance: `${service}/${index}/${started ?? 0}`,
    text: text === null || names === null ? text : onlyNamed(text, names),
  }
}

/** Requests the metrics of an instance; null when it does not answer with 200. */
function requestExposition(address: Address, path: string): Promise<string | null> {
  return new Promise((resolve) => {
    const request = get(
      {
        ...socketOf(address),
        path,
        agent: false,
        headers: { accept: 'text/plain;version=0.0.4' },
      },
      (response) => {
        const chunks: Buffer[] = []
        let size = 0
        response.on('data', (chunk: Buffer) => {
          size += chunk.length
          if (size > maxBytes) request.destroy()
          else chunks.push(chunk)
        })
        response.once('end', () =>
          resolve(response.statusCode === 200 ? Buffer.concat(chunks).toString('utf8') : null),
        )
      },
    )
    const timer = setTimeout(() => request.destroy(), timeoutMs)
    request.once('close', () => {
      clearTimeout(timer)
      resolve(null)
    })
    request.once('error', () => resolve(null))
  })
}

/** Reads the metrics file of an instance without a port; null when there is none. */
async function readExposition(folder: string, name: string): Promise<string | null> {
  try {
    const fd = openInside(folder, name)
    try {
      return fstatSync(fd).size > maxBytes ? null : readFileSync(fd, 'utf8')
    } finally {
      closeSync(fd)
    }
  } catch {
    return null
  }
}

/** Keeps the samples of metrics with those names, including the buckets of histograms. */
function onlyNamed(text: string, names: Set<string>): string {
  const isNamed = (line: string): boolean => {
    const [name = ''] = /^[a-zA-Z_:][\w:]*/.exec(line) ?? []
    return names.has(name) || names.has(name.replace(/_bucket$/, ''))
  }
  return text.split('\n').filter(isNamed).join('\n')
}
