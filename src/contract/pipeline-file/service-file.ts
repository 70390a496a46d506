import { z } from 'zod'
import { configurationFile } from './configuration-file.ts'
import {
  command,
  count,
  duration,
  headers,
  insidePath,
  listOf,
  shorthand,
  text,
  variables,
} from './shapes.ts'

/** The keys below `services` in `fairlead.yaml`. */

/** A port on which a service listens itself. */
export const ownPort = z.number().int().min(1024).max(65_535)

const healthFile = shorthand(
  'path',
  z.strictObject({
    path: z
      .string()
      .regex(/^\/[^\0-\x20]{0,500}$/, 'must begin with / and have no spaces')
      .default('/')
      .describe('The path that answers 2xx or 3xx when the service can take traffic'),
    headers: headers
      .optional()
      .describe(
        'Headers of the request, such as `{Host: shop.example.com}`; default: the host name of ' +
          'the environment as `Host`',
      ),
    timeout: duration(1)
      .prefault('60s')
      .describe(
        'The deployment fails when the service is not healthy after this time, or when `path` ' +
          'answers the same status 4xx for a quarter of it',
      ),
    interval: duration(10)
      .prefault('1s')
      .describe('The interval between two checks once the service is healthy'),
  }),
)

const stopFile = shorthand(
  null,
  z.strictObject({
    signal: z
      .enum(['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP'])
      .default('SIGTERM')
      .describe('The signal that asks the service to stop'),
    grace: duration(0)
      .prefault('10s')
      .describe('The service is killed when it has not stopped after this time'),
  }),
)

const rehearseFile = shorthand(
  'run',
  z.strictObject({
    run: command
      .optional()
      .describe(
        'A command that must succeed against the second instance, which listens on `$PORT`',
      ),
    allow: listOf(
      text.regex(
        /^[A-Za-z0-9.-]{1,253}:\d{1,5}$/,
        'must be a host and a port, such as db.example.com:5432',
      ),
    )
      .prefault([])
      .describe(
        'Hosts and ports that the second instance may connect to, such as `db:5432`; all other ' +
          'connections are refused',
      ),
    settings: z
      .string()
      .regex(/^\/[^\0-\x20]{0,500}$/, 'must begin with / and have no spaces')
      .optional()
      .describe(
        'A path at which the service answers its effective settings as JSON, which are compared ' +
          'with those of the running instance',
      ),
  }),
)

const containerFile = z.strictObject({
  port: z
    .number()
    .int()
    .min(1)
    .max(65_535)
    .default(8080)
    .describe('The port on which the image listens; `$PORT` in the container'),
  user: text
    .regex(/^[A-Za-z0-9_.-]{1,64}(:[A-Za-z0-9_.-]{1,64})?$/, 'must be a user, such as 1000 or web')
    .optional()
    .describe('The user in the container; default: that of the image'),
  readOnly: z
    .boolean()
    .default(false)
    .describe('Whether the files of the image cannot be changed; `/tmp` stays writable'),
  capabilities: listOf(text.regex(/^[A-Z_]{3,40}$/, 'must be a capability, such as CHOWN'))
    .prefault([])
    .describe('Capabilities of the kernel that the service needs; all others are dropped'),
  cpus: z
    .number()
    .min(0.01)
    .max(1024)
    .optional()
    .describe('How many processors it may use, such as `0.5`; default: no limit'),
  networks: listOf(
    text.regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,100}$/, 'must be the name of a network'),
  )
    .prefault([])
    .describe('Networks of Docker that it joins besides the default one; they must exist'),
})

const pathFile = shorthand(
  'path',
  z.strictObject({
    path: z
      .string()
      .max(200)
      .regex(
        /^(\/[\w.~!$&'()*+,;=:@-]+)+$/,
        'must be a path such as /api, without a slash at its end',
      )
      .describe('Requests for this path, and all below it, get the service'),
    strip: z
      .boolean()
      .default(false)
      .describe(
        'Whether the path is removed from the request: the service gets `/orders` for ' +
          '`/api/orders`, and the path in the header `X-Forwarded-Prefix`',
      ),
  }),
)

export const serviceFile = shorthand(
  'run',
  z.strictObject({
    run: command
      .optional()
      .describe('The command to run; a service that takes traffic listens on `$PORT`'),
    static: insidePath
      .optional()
      .describe('A folder of static files to serve, instead of a command'),
    image: text
      .regex(
        /^(?:[a-z0-9][a-z0-9._/:-]{0,300}@)?sha256:[0-9a-f]{64}$/,
        'must be an image with its digest, such as nginx@sha256:4c0f…; find it with ' +
          '`docker buildx imagetools inspect nginx:1.29`',
      )
      .optional()
      .describe(
        'The [image](docker.md) to run with the target `docker`, by digest; without `run`, the ' +
          'command of the image runs',
      ),
    container: containerFile.prefault({}).describe('How the container of `image` runs'),
    port: z
      .union([z.boolean(), ownPort, z.string().regex(/^\$[A-Za-z_]\w{0,99}$/)], {
        error: 'must be true, false, a port from 1024 to 65535, or a variable such as $DB_PORT',
      })
      .optional()
      .describe(
        'Whether the service takes traffic; default: true for the first service, and for a ' +
          'service with `health`, `paths` or `static`. A number, for a service with `keeps` or ' +
          '`single`, is the port on which it listens itself; `$NAME` reads it from that ' +
          'variable, so that each environment can have its own',
      ),
    paths: z
      .preprocess((value) => (Array.isArray(value) ? value : [value]), z.array(pathFile).max(50))
      .prefault([])
      .describe(
        'The paths whose requests the service gets in place of the first one, such as `/api`, as ' +
          'a list of paths or of the keys below; default: none',
      ),
    health: healthFile
      .optional()
      .describe(
        'The health check: a path such as `/health`, or the keys below; default: a ' +
          'connection to its port',
      ),
    settle: duration(0)
      .optional()
      .describe(
        'How long the service must stay up and healthy before it counts as healthy; default: ' +
          'as long as its start took, at least 2s without a port, at most 10s; see below',
      ),
    instances: count.default(1).describe('The number of processes'),
    metrics: z
      .string()
      .regex(/^\/[^\0-\x20]{0,500}$/, 'must begin with / and have no spaces')
      .optional()
      .describe(
        'The path at which the service exposes metrics in the text format of Prometheus or ' +
          'OpenMetrics, such as `/metrics`; a service without a port writes them to ' +
          '`$FAIRLEAD_METRICS_FILE`; default: they are not read',
      ),
    env: variables.prefault({}).describe('Environment variables of the service'),
    directory: insidePath
      .default('.')
      .describe('The working directory, relative to the root of the artifact'),
    stop: stopFile.prefault({}).describe('How the service is stopped'),
    rehearse: rehearseFile
      .optional()
      .describe(
        'What a [rehearsal](rehearsal.md) of the service does in addition: a command, or the ' +
          'keys below',
      ),
    config: configurationFile
      .optional()
      .describe('The configuration files of this service, with the keys of `config` below'),
    keeps: z
      .boolean()
      .default(false)
      .describe(
        'Whether the service keeps data, such as a database: it runs once, on a data folder that ' +
          'outlives releases, and restarts only when it changes; see below',
      ),
    single: z
      .boolean()
      .default(false)
      .describe(
        'Whether the service must never run twice at once: the old process is dead before the ' +
          'new one starts',
      ),
    reload: z
      .enum(['SIGHUP', 'SIGUSR1', 'SIGUSR2'])
      .optional()
      .describe(
        'With `keeps` or `single`: the signal after which the service reads its files again, ' +
          'so that a change of its files needs no restart',
      ),
    uses: listOf(insidePath)
      .prefault(['.'])
      .describe(
        'With `keeps` or `single`: the paths in the artifact that the service uses, and ' +
          'variables as `$NAME`; only a change of these restarts it; default: `.`, ' +
          'everything; see below',
      ),
    memory: z
      .number()
      .int()
      .positive()
      .max(1_048_576)
      .optional()
      .describe(
        'The memory limit in megabytes; where the kernel supports limits, it kills a ' +
          'service that exceeds it; default: no limit',
      ),
  }),
)

export type ServiceFile = z.output<typeof serviceFile>
