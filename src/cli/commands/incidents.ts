import { type Command, Option } from 'commander'
import {
  type Incident,
  type IncidentDetail,
  type IncidentRole,
  incidentRoles,
  type RankingRecord,
  severities,
} from '#contract/incident/incident.ts'
import { counted } from '#contract/text.ts'
import { durationWords } from '#contract/time-words.ts'
import { moment, number, positive } from '../arguments.ts'
import type { Context } from '../context.ts'
import { ago, table } from '../format.ts'
import { addImpact } from '../incident-impact.ts'
import type { Register } from '../register.ts'

export const register: Register = (program, context) => {
  const group = program
    .command('incident')
    .description(
      'harm that customers feel: open, list, show, note, take, merge and close incidents',
    )
  addReaders(group, context)
  group
    .command('open')
    .argument('<app>', 'name of the app')
    .argument('<environment>', 'name of the environment')
    .argument('<title>', 'what customers notice')
    .option('--service <name>', 'only this service')
    .option('--since <time>', 'when it began, ISO 8601; default: now', moment)
    .addOption(severityOption())
    .description('open an incident; alerts of the same place join it')
    .addHelpText(
      'after',
      '\nExamples:\n  $ fairlead incident open shop production "Cards are charged twice"',
    )
    .action(
      async (
        app: string,
        environment: string,
        title: string,
        options: { service?: string; since?: string; severity?: Incident['severity'] },
      ) => {
        const { client } = await context.connect()
        const body = { title, environment, ...options }
        const answer = await client.openIncident({ params: { app }, body })
        context.answer(answer, () => [
          `Incident ${answer.id} is open: ${answer.title}`,
          `Take it with \`fairlead incident take ${answer.id}\``,
        ])
      },
    )
  addImpact(group, context)
  addWriters(group, context)
}

const severityOption = (): Option =>
  new Option('--severity <severity>', 'how bad it is; default: proposed from the impact').choices(
    severities,
  )

function addReaders(group: Command, context: Context): void {
  group
    .command('list', { isDefault: true })
    .argument('[app]', 'name of the app')
    .option('--all', 'also closed ones')
    .option('--limit <n>', 'number of incidents', positive, 20)
    .description('list incidents, newest first')
    .addHelpText(
      'after',
      '\nExamples:\n  $ fairlead incident\n  $ fairlead incident list shop --all',
    )
    .action(async (app: string | undefined, { all, limit }: { all?: boolean; limit: number }) => {
      const { client } = await context.connect()
      const query = {
        limit,
        ...(app === undefined ? {} : { app }),
        ...(all ? {} : { state: 'unclosed' as const }),
      }
      const answer = await client.listIncidents({ query })
      context.answer(answer, () => [
        ...(answer.incidents.length === 0
          ? ['No incidents']
          : table(answer.incidents.map((one) => rowOf(one, context.now())))),
        ...rankingLines(answer.ranking),
      ])
    })
  group
    .command('show')
    .argument('<incident>', 'number of the incident', number)
    .description('show an incident: its times, what changed before, and its timeline')
    .action(async (id: number) => {
      const { client } = await context.connect()
      const incident = await client.getIncident({ params: { incident: id } })
      context.answer(incident, () => detailLines(incident))
    })
}

function addWriters(group: Command, context: Context): void {
  group
    .command('note')
    .argument('<incident>', 'number of the incident', number)
    .argument('<text>', 'what happened or what you found out')
    .description('add a note to the timeline')
    .addHelpText('after', '\nExamples:\n  $ fairlead incident note 3 "The card processor is asked"')
    .action(async (id: number, text: string) => {
      const { client } = await context.connect()
      const answer = await client.noteIncident({ params: { incident: id }, body: { text } })
      context.answer(answer, () => [`Added the note to incident ${id}`])
    })
  group
    .command('take')
    .argument('<incident>', 'number of the incident', number)
    .addOption(
      new Option('--role <role>', 'which role').choices(incidentRoles).default('commander'),
    )
    .option('--to <user>', 'hand the role over to this user')
    .description('take a role in an incident, or hand it over')
    .addHelpText(
      'after',
      '\nExamples:\n  $ fairlead incident take 3\n' +
        '  $ fairlead incident take 3 --role communicator --to Ada',
    )
    .action(async (id: number, { role, to }: { role: IncidentRole; to?: string }) => {
      const { client } = await context.connect()
      const body = { role, ...(to === undefined ? {} : { person: to }) }
      const answer = await client.takeIncident({ params: { incident: id }, body })
      context.answer(answer, () => [`${answer[role] ?? ''} is ${role} of incident ${id}`])
    })
  group
    .command('change')
    .argument('<incident>', 'number of the incident', number)
    .option('--title <text>', 'what customers notice')
    .addOption(severityOption())
    .option('--mitigation <text>', 'what was done that stops the harm')
    .option('--cause <place>', 'the place of the change that caused it, or `none`')
    .description('change an incident, say what stopped the harm, or confirm the cause')
    .addHelpText('after', '\nExamples:\n  $ fairlead incident change 3 --cause 1')
    .action((id: number, options: ChangeOptions) => change(context, id, options))
  group
    .command('merge')
    .argument('<incident>', 'number of the incident that is kept', number)
    .argument('<other>', 'number of the incident that becomes a part of it', number)
    .description('merge another incident of the same environment, because both have one cause')
    .addHelpText('after', '\nExamples:\n  $ fairlead incident merge 3 4')
    .action(async (id: number, other: number) => {
      const { client } = await context.connect()
      const answer = await client.mergeIncident({ params: { incident: id }, body: { other } })
      context.answer(answer, () => [`Incident ${other} is a part of incident ${id} now`])
    })
  group
    .command('close')
    .argument('<incident>', 'number of the incident', number)
    .option('--comment <text>', 'what was the matter', '')
    .description('close an incident')
    .action(async (id: number, body: { comment: string }) => {
      const { client } = await context.connect()
      const answer = await client.closeIncident({ params: { incident: id }, body })
      context.answer(answer, () => [`Closed incident ${id}`])
    })
}

interface ChangeOptions {
  title?: string
  severity?: Incident['severity']
  mitigation?: string
  cause?: string
}

async function change(
  context: Context,
  id: number,
  { cause, ...body }: ChangeOptions,
): Promise<void> {
  const { client } = await context.connect()
  const params = { incident: id }
  const confirmed = async (): Promise<number | null> => {
    if (cause === 'none') return null
    const place = number(cause ?? '')
    const { changes } = await client.getIncident({ params })
    return changes.find((one) => one.place === place)?.id ?? Number.MAX_SAFE_INTEGER
  }
  const answer = await client.changeIncident({
    params,
    body: { ...body, ...(cause === undefined ? {} : { cause: await confirmed() }) },
  })
  context.answer(answer, () => [`Changed incident ${id}`])
}

const placeOf = ({ app, environment, service }: Incident): string =>
  [app, environment, service].filter(Boolean).join('/') || 'the installation'

const rowOf = (one: Incident, now: number): string[] => [
  String(one.id),
  one.state,
  one.severity,
  ago(one.detected, now),
  one.commander ?? 'nobody has it',
  `${placeOf(one)}: ${one.title}`,
]

function rankingLines({ confirmed, first, firstThree }: RankingRecord): string[] {
  return confirmed === 0
    ? []
    : [
        `Of ${confirmed} confirmed causes, the first suspect was right in ${first}, ` +
          `one of the first three in ${firstThree}.`,
      ]
}

function detailLines(one: IncidentDetail): string[] {
  return [
    one.title,
    `State       ${one.state}, ${one.severity}${one.severityBy === null ? ' (proposed)' : ''}`,
    `Place       ${placeOf(one)}`,
    `Reason      ${one.reason}`,
    `Commander   ${one.commander ?? 'nobody'}`,
    `Messages by ${one.communicator ?? 'nobody'}`,
    ...timeLines(one),
    ...(one.mergedInto === null ? [] : [`Merged into incident ${one.mergedInto}`]),
    ...(one.merged.length === 0 ? [] : [`Merged with incident ${one.merged.join(', ')}`]),
    ...(one.hasReview ? [`Review      \`fairlead review show ${one.id}\``] : []),
    ...earlierLines(one),
    ...mitigationLines(one),
    '',
    ...(one.changes.length === 0
      ? ['Nothing changed before it.']
      : [
          'What changed before it, the most likely cause first:',
          ...table(
            one.changes.map(({ place, text, reason, confirmedBy }) => [
              ...[String(place), text, reason],
              confirmedBy === null ? '' : `the cause, says ${confirmedBy}`,
            ]),
          ),
        ]),
    '',
    ...table(one.timeline.map(({ time, actor, kind, text }) => [time, actor, kind, text])),
  ]
}

/** The reviews of earlier incidents of the same kind: what was learned then. */
const earlierLines = ({ earlier }: IncidentDetail): string[] =>
  earlier.map(
    ({ incident, title, detected, unproven }) =>
      `Seen before ${detected}: ${title} (\`fairlead review show ${incident}\`` +
      `${unproven === 0 ? '' : `, ${counted(unproven, 'action')} not proven`})`,
  )

/** What may stop the harm, each with its command. */
function mitigationLines({
  id,
  app,
  environment,
  mitigations,
  unautomatic,
}: IncidentDetail): string[] {
  if (mitigations.length === 0) return []
  const place = `${app ?? ''} ${environment ?? ''}`
  const commands = {
    rollback: () => `fairlead rollback ${place}`,
    switch: (name: string) =>
      `fairlead switch off ${app ?? ''} ${name} --environment ${environment ?? ''}`,
    restart: (name: string) => `fairlead restart ${place} ${name}`,
    scale: (name: string) => `fairlead scale ${place} ${name}=NUMBER`,
    drain: (name: string) => `fairlead hosts drain ${name}`,
    maintenance: () => `fairlead maintenance on ${place}`,
  }
  return [
    '',
    'What may stop it:',
    ...table(
      mitigations.map(({ kind, name, text, isProposed }) => [
        ...[`${commands[kind](name ?? '')} --reason "incident ${id}"`, text],
        isProposed ? 'proposed: it undoes the first suspect' : '',
      ]),
    ),
    ...(unautomatic === null ? [] : [`Fairlead does not act by itself: ${unautomatic}.`]),
  ]
}

/** The times that are known, in their order, each with the time since the harm began. */
function timeLines(one: IncidentDetail): string[] {
  const { onset } = one
  const began = Date.parse(onset?.from ?? one.detected)
  const line = (name: string, time: string | null, more = ''): string[] =>
    time === null
      ? []
      : [
          `${name.padEnd(11)} ${time}, ${durationWords(Date.parse(time) - began)} ` +
            `after the onset${more}`,
        ]
  return [
    ...(onset === null ? [] : [`Onset       between ${onset.from} and ${onset.until}`]),
    ...line('Detected', one.detected),
    ...line('Acknowledged', one.acknowledged),
    ...line('Declared', one.declared),
    ...line('Mitigated', one.mitigated, one.mitigation === null ? '' : `: ${one.mitigation}`),
    ...line('Over', one.over, one.proof === null ? '' : `: ${one.proof}`),
    ...line('Closed', one.closed, one.closedBy === null ? '' : ` by ${one.closedBy}`),
  ]
}
