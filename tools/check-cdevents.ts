// Checks both directions against the schemas and the conformance files of CDEvents:
//   node tools/check-cdevents.ts FOLDER
// FOLDER is a copy of https://github.com/cdevents/spec at the tag v0.5.1. No package registry
// carries these files, so the check is not a part of the tests.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { toCdEvent } from '#contract/event/cdevent.ts'
import type { EventDefinition } from '#contract/event/define-event.ts'
import { events } from '#contract/events.ts'
import cloudevents from '#domains/forge/forges/cloudevents.ts'

interface Sample {
  context: { id: string; source: string; type: string }
}
const folder = process.argv[2]
if (folder === undefined) throw new Error('Usage: node tools/check-cdevents.ts FOLDER')
const read = (path: string): unknown => JSON.parse(readFileSync(join(folder, path), 'utf8'))
const jsonIn = (path: string): string[] =>
  readdirSync(join(folder, path)).flatMap((file) =>
    file.endsWith('.json') ? [`${path}/${file}`] : [],
  )

const ajv = new Ajv2020({ strict: false, allErrors: true })
addFormats.default(ajv)
const schemas = [...jsonIn('schemas'), ...jsonIn('schemas/links'), 'custom/schema.json']
const typeOf = new Map<string, string>()
for (const path of schemas) {
  const schema = read(path) as {
    $id: string
    properties?: { context?: { properties: { type: { enum?: string[] } } } }
  }
  ajv.addSchema(schema)
  for (const type of schema.properties?.context?.properties.type.enum ?? [])
    typeOf.set(type, schema.$id)
}
const custom = (read('custom/schema.json') as { $id: string }).$id
const problems: string[] = []
const check = (what: string, event: Sample): void => {
  const { type } = event.context
  const id = type.startsWith('dev.cdeventsx.') ? custom : typeOf.get(type)
  const validate = id === undefined ? undefined : ajv.getSchema(id)
  if (!validate) problems.push(`${what}: no schema for ${type}`)
  else if (!validate(event)) problems.push(`${what}: ${ajv.errorsText(validate.errors)}`)
}

for (const { type, version, example } of events as unknown as EventDefinition[]) {
  const head = { id: 1, time: new Date().toISOString(), type, version, chain: 'c-1', by: null }
  const stored = { ...head, actor: 'fairlead', ...example }
  check(`out, ${type}`, toCdEvent(stored, 'https://fairlead.example.com'))
  check(`out without data, ${type}`, toCdEvent({ ...stored, data: {} }, 'https://example.com'))
}

const checkIns = /\.(change\.merged|branch\.created|branch\.deleted|repository\.modified)\./
const samples = [...jsonIn('conformance'), 'custom/conformance.json']
for (const path of samples) {
  const event = read(path) as Sample
  check(`upstream, ${path}`, event)
  const { id, source, type } = event.context
  const message = { specversion: '1.0', id, source, type, data: event }
  const headers = { 'content-type': 'application/cloudevents+json' }
  const kinds = cloudevents.webhook?.read('', message, headers).map(({ kind }) => kind)
  const wanted = checkIns.test(type) ? 'push' : 'other'
  if (kinds?.join() !== wanted) problems.push(`in, ${path}: ${kinds?.join()}, not ${wanted}`)
}
for (const problem of problems) console.error(problem)
console.log(`${events.length} types out, ${samples.length} samples in, ${problems.length} problems`)
if (problems.length > 0) process.exitCode = 1
