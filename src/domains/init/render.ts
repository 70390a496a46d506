import { stringify } from 'yaml'
import type { Proposal, ProposedService, ProposedStep } from './detector.ts'

const head =
  '# How this app is built, tested and run. Every key has a default.\n' +
  '# `fairlead check` reports errors.\n'

/** The text of a fairlead.yaml for a proposal. */
export function render(proposal: Proposal): string {
  return [
    head,
    steps(proposal.steps),
    artifact(proposal),
    services(proposal.services),
    environments(proposal),
  ]
    .filter(Boolean)
    .join('\n')
}

function steps(all: ProposedStep[]): string {
  if (all.length === 0) return 'steps:\n  # build: make\n  # test: make test\n'
  const entries = all.map((step) => entry(step.name, stepKeys(step), step.comment))
  return `steps: # in order, unless a step has \`needs\`\n${entries.join('')}`
}

export function stepKeys(step: ProposedStep): Record<string, unknown> {
  const { run, needs, tools, env, directory, reports, optional } = step
  return {
    run,
    ...(directory ? { directory } : {}),
    ...(needs ? { needs: needs.length === 1 ? needs[0] : needs } : {}),
    ...(tools ? { tools } : {}),
    ...(env ? { env } : {}),
    ...(reports ? { reports } : {}),
    ...(optional ? { optional } : {}),
  }
}

function artifact({ include = [], exclude = [] }: Proposal): string {
  if (include.length > 0) return `artifact:\n  include: ${flow(include)} # all that is served\n`
  return exclude.length === 0
    ? ''
    : `artifact:\n  exclude: ${flow(exclude)} # needed by the steps only\n`
}

function services(all: ProposedService[]): string {
  if (all.length === 0)
    return 'services:\n  # web:\n  #   run: ./server # listens on $PORT\n  #   health: /health\n'
  const texts = all.map(({ name, comment, ...keys }, i) => {
    if (i > 0) return entry(name, keys, comment)
    const advice =
      keys.run !== undefined && keys.health === undefined
        ? '    # health: /health # a path that answers 200 when it can take traffic\n'
        : ''
    return block(name, keys, comment) + advice
  })
  return `services: # the first one takes the traffic and listens on $PORT\n${texts.join('')}`
}

function environments({ verify, services: all }: Proposal): string {
  const names = ['dev', 'staging', 'production']
  if (verify)
    return [
      'environments: # in order; `verify` checks $FAIRLEAD_URL before the release takes traffic\n',
      '  dev: {}\n',
      ...['staging', 'production'].map((name) => `  ${name}:\n    verify: ${scalar(verify)}\n`),
    ].join('')
  const example =
    all.length > 0
      ? '    # verify: ./smoke-test # checks $FAIRLEAD_URL before the release takes traffic\n'
      : ''
  const entries = names.map((name) => `  ${name}:\n${name === 'staging' ? example : ''}`)
  return `environments: # in order\n${entries.join('')}`
}

/** One line for a bare command, else one line per key. */
function entry(name: string, keys: Record<string, unknown>, comment?: string): string {
  const { run, ...others } = keys
  const isBare =
    typeof run === 'string' && Object.values(others).every((value) => value === undefined)
  return isBare
    ? line(`  ${scalar(name)}:`, run, '    ', note(comment))
    : block(name, keys, comment)
}

function block(name: string, keys: Record<string, unknown>, comment?: string): string {
  const lines = Object.entries(keys).flatMap(([key, value]) => {
    if (value === undefined) return []
    return [
      typeof value === 'string'
        ? line(`    ${key}:`, value, '      ', '')
        : `    ${key}: ${flow(value)}\n`,
    ]
  })
  return `  ${scalar(name)}:${note(comment)}\n${lines.join('')}`
}

const note = (comment: string | undefined): string =>
  comment ? ` # ${comment.replace(/\s+/g, ' ')}` : ''

function line(key: string, value: string, indent: string, note: string): string {
  if (!/\n/.test(value.trimEnd())) return `${key} ${scalar(value.trim())}${note}\n`
  return `${key} |${note}\n${value
    .trimEnd()
    .split('\n')
    .map((text) => `${indent}${text}\n`)
    .join('')}`
}

const scalar = (value: string): string =>
  stringify(value, { lineWidth: 0, defaultStringType: 'PLAIN', blockQuote: false }).trimEnd()
const flow = (value: unknown): string =>
  stringify(value, { collectionStyle: 'flow', lineWidth: 0 }).trimEnd()
