import { z } from 'zod'
import {
  type Format,
  type FoundProblem,
  ReportProblem,
  shortMessage,
  shortName,
} from '../report.ts'
import { jsonParser } from './json.ts'

const severity = z.string().transform((word): FoundProblem['severity'] => {
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

const deepest = 200

/** States of an analysis that say that a vulnerability does no harm here. */
const stripControlCodes = new Set([
  'resolved',
  'resolved_with_pedigree',
  'false_positive',
  'not_affected',
])
const order = ['critical', 'high', 'medium', 'low'] as const

/**
 * CycloneDX in JSON (ECMA-424): what an artifact is made of, and the vulnerabilities that are known
 * of it.
 */
export const cyclonedx: Format = {
  name: 'CycloneDX',
  // One without vulnerabilities does not say that anybody looked for them.
  tells: ['materials'],
  recognises: (head) =>
    /"bomFormat"\s*:\s*"CycloneDX"/.test(head) || /cyclonedx\.org\/schema\/bom/.test(head),
  parser: (sink) => {
    const json = jsonParser('CycloneDX', shape, (bom) => {
      sink.materials({ components: countOf(bom), document: bom })
      for (const one of problemsOf(bom)) sink.problem(one)
    })
    let isBegun = false
    return {
      ...json,
      write: (piece) => {
        if (!isBegun && piece.trimStart().startsWith('<'))
          throw new ReportProblem('is CycloneDX in XML; have its tool write JSON')
        isBegun = true
        json.write(piece)
      },
    }
  },
}

/**
 * Components may be made of components. What is nested deeper than any tool nests could not be
 * kept.
 */
function countOf(bom: z.output<typeof shape>): number {
  let count = 0
  let level: unknown[] = [bom]
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > deepest) throw new ReportProblem(`is nested more than ${deepest} deep`)
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

function problemsOf({ vulnerabilities }: z.output<typeof shape>): FoundProblem[] {
  return vulnerabilities.flatMap((one): FoundProblem[] => {
    if (stripControlCodes.has(one.analysis?.state ?? '')) return []
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

/** How much a vulnerability weighs among findings of other kinds. */
export function levelOf(severity: FoundProblem['severity']): FoundProblem['level'] {
  if (severity === 'critical' || severity === 'high') return 'error'
  return severity === 'low' ? 'note' : 'warning'
}
