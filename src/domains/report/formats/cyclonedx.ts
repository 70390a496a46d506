import { z } from 'zod'
import {
  defineReportFormat,
  levelOf,
  type ReportedFinding,
  ReportProblem,
  shortMessage,
  shortName,
} from '../report.ts'
import { jsonParser } from '../json.ts'

const severity = z.string().transform((word): ReportedFinding['severity'] => {
  if (word === 'critical' || word === 'high' || word === 'medium' || word === 'low') return word
  return null
})
const shape = z.looseObject({
  bomFormat: z.literal('CycloneDX'),
  specVersion: z.string(),
  components: z
    .array(z.looseObject({ name: z.string(), 'bom-ref': z.string().optional() }))
    .default([]),
  vulnerabilities: z
    .array(
      z.looseObject({
        id: z.string().optional(),
        source: z.looseObject({ name: z.string().optional() }).optional(),
        description: z.string().optional(),
        ratings: z.array(z.looseObject({ severity: severity.optional() })).optional(),
        analysis: z.looseObject({ state: z.string().optional() }).optional(),
        affects: z.array(z.looseObject({ ref: z.string() })).optional(),
      }),
    )
    .default([]),
})

const maxDepth = 200

/** Analysis states which mean that a vulnerability does not affect this artifact. */
const harmlessStates = new Set([
  'resolved',
  'resolved_with_pedigree',
  'false_positive',
  'not_affected',
])
const order = ['critical', 'high', 'medium', 'low'] as const

/** CycloneDX (ECMA-424): the components of an artifact and their known vulnerabilities. */
export default defineReportFormat({
  name: 'CycloneDX',
  // A document without vulnerabilities does not state that anything searched for them.
  title: 'CycloneDX in JSON',
  topics: ['materials'],
  hasSignature: true,
  example: '{"bomFormat":"CycloneDX","specVersion":"1.6","components":[{"name":"left-pad"}]}',
  detect: (head) =>
    /"bomFormat"\s*:\s*"CycloneDX"/.test(head) || /cyclonedx\.org\/schema\/bom/.test(head),
  parser: (sink) => {
    const json = jsonParser('CycloneDX', shape, (bom) => {
      sink.materials({ components: countOf(bom), document: bom })
      for (const one of findingsOf(bom)) sink.finding(one)
    })
    let hasBegun = false
    return {
      ...json,
      write: (piece) => {
        if (!hasBegun && piece.trimStart().startsWith('<'))
          throw new ReportProblem('is CycloneDX in XML; configure its tool to write JSON')
        hasBegun = true
        json.write(piece)
      },
    }
  },
})

/** Counts components at every level. The depth is limited because the document is stored. */
function countOf(bom: z.output<typeof shape>): number {
  let count = 0
  let level: unknown[] = [bom]
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > maxDepth) throw new ReportProblem(`is nested more than ${maxDepth} levels deep`)
    for (const one of level) {
      const { components } = one as { components?: unknown }
      if (Array.isArray(components)) count += components.length
    }
    level = level.flatMap((one) =>
      Object.values(one as object).filter((value) => typeof value === 'object' && value !== null),
    )
  }
  return count
}

function findingsOf({ vulnerabilities }: z.output<typeof shape>): ReportedFinding[] {
  return vulnerabilities.flatMap((one): ReportedFinding[] => {
    if (harmlessStates.has(one.analysis?.state ?? '')) return []
    const found = new Set(one.ratings?.map((rating) => rating.severity ?? null))
    const worst = order.find((word) => found.has(word)) ?? null
    const where = one.affects?.map(({ ref }) => ref).join(', ')
    return [
      {
        tool: shortName(one.source?.name ?? 'CycloneDX'),
        rule: shortName(one.id ?? ''),
        level: levelOf(worst),
        severity: worst,
        message: shortMessage([where, one.description].filter(Boolean).join(': ')) ?? '',
        file: null,
        line: null,
      },
    ]
  })
}
