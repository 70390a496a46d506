import { z } from 'zod'
import { sessionCookie, sessionKeyName } from '#contract/access/access.ts'
import { apiPrefix } from '#contract/client.ts'
import type { Endpoint } from '#contract/endpoint.ts'
import { endpoints } from '#contract/endpoints.ts'
import { errorTable } from '#contract/errors.ts'

type Json = Record<string, unknown>
const schemaOf = (schema: z.ZodType, io: 'input' | 'output'): Json => {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, {
    target: 'draft-2020-12',
    io,
    unrepresentable: 'any',
  }) as Json
  return rest
}

/** Builds the OpenAPI 3.1 document of the whole API from the contract. */
export function openApi(version: string): Json {
  const paths: Record<string, Json> = {}
  for (const [name, endpoint] of Object.entries(endpoints) as [string, Endpoint][]) {
    const path = `${apiPrefix}${endpoint.path}`
    paths[path] = { ...paths[path], [endpoint.method.toLowerCase()]: operation(name, endpoint) }
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Fairlead', version, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    servers: [{ url: '/' }],
    paths,
    components: {
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer' },
        session: { type: 'apiKey', in: 'cookie', name: sessionCookie },
        sessionKey: { type: 'apiKey', in: 'header', name: sessionKeyName },
      },
      schemas: { Problem: problem },
    },
  }
}

const problem: Json = {
  type: 'object',
  required: ['type', 'status', 'code', 'title', 'next', 'details'],
  properties: {
    type: { type: 'string' },
    status: { type: 'integer' },
    code: { enum: Object.keys(errorTable) },
    title: { type: 'string' },
    next: { type: 'string', description: 'What to do next' },
    details: { type: 'object' },
  },
}

function operation(name: string, endpoint: Endpoint): Json {
  const media = endpoint.events ? 'text/event-stream' : 'application/json'
  const parameters = [
    ...parametersOf(endpoint.params, 'path'),
    ...parametersOf(endpoint.query, 'query'),
  ]
  const body = schemaOf(endpoint.body, 'input')
  const hasBody =
    endpoint.method !== 'GET' &&
    Object.keys((body['properties'] as Json | undefined) ?? {}).length > 0
  return {
    operationId: name,
    summary: endpoint.summary,
    'x-role': endpoint.role,
    security: endpoint.role === 'public' ? [] : [{ token: [] }, { session: [], sessionKey: [] }],
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(hasBody
      ? { requestBody: { required: true, content: { 'application/json': { schema: body } } } }
      : {}),
    responses: {
      200: {
        description: 'Done',
        content: { [media]: { schema: schemaOf(endpoint.output, 'output') } },
      },
      default: {
        description: 'A problem',
        content: {
          'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } },
        },
      },
    },
  }
}

function parametersOf(schema: z.ZodType, where: 'path' | 'query'): Json[] {
  const json = schemaOf(schema, 'input')
  const required = (json['required'] as string[] | undefined) ?? []
  return Object.entries((json['properties'] as Record<string, Json> | undefined) ?? {}).map(
    ([name, property]) => ({
      name,
      in: where,
      required: where === 'path' || required.includes(name),
      schema: property,
    }),
  )
}
