import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { schemaProblems } from '../../src/domains/configuration/schema.ts'
import mariadb from '../../src/host/rehearsal/software/mariadb.ts'
import postgresql from '../../src/host/rehearsal/software/postgresql.ts'
import redis from '../../src/host/rehearsal/software/redis.ts'
import type { Fault } from './faults.ts'

const text = { type: 'string' }
const count = { type: 'integer', minimum: 0 }
const oneOf = (...words: string[]): object => ({ enum: words })
/** The same rule for several settings. */
const all = (rule: object, ...names: string[]): Record<string, object> =>
  Object.fromEntries(names.map((name) => [name, rule]))

/** The types in redis.conf of Redis 7. */
const redisSchema = {
  additionalProperties: false,
  properties: {
    ...all(text, 'dir', 'dbfilename', 'appendfilename', 'save', 'replicaof', 'requirepass', 'user'),
    ...all(text, 'bind', 'unixsocket', 'loadmodule', 'include', 'aclfile', 'rename-command'),
    ...all(count, 'timeout', 'tcp-keepalive', 'hz', 'maxclients', 'databases', 'slowlog-max-len'),
    ...all(count, 'lfu-decay-time', 'min-replicas-to-write'),
    ...all({ type: 'integer' }, 'slowlog-log-slower-than', 'list-max-listpack-size'),
    maxmemory: { pattern: '^\\d+([kmg]b?)?$' },
    appendonly: oneOf('yes', 'no'),
    appendfsync: oneOf('always', 'everysec', 'no'),
    'maxmemory-policy': oneOf(
      ...['noeviction', 'allkeys-lru', 'allkeys-lfu', 'allkeys-random'],
      ...['volatile-lru', 'volatile-lfu', 'volatile-random', 'volatile-ttl'],
    ),
  },
}

const memory = { pattern: '^\\d+([kMGT]?B)?$' }
const duration = { pattern: '^\\d+(us|ms|s|min|h|d)?$' }
/** The types in the documentation of PostgreSQL 15. */
const postgresSchema = {
  additionalProperties: false,
  properties: {
    // What initdb writes.
    ...all(text, 'dynamic_shared_memory_type', 'log_timezone', 'datestyle', 'lc_monetary'),
    ...all(text, 'lc_numeric', 'lc_time', 'default_text_search_config', 'include'),
    ...all(memory, 'max_wal_size', 'min_wal_size'),
    ...all(memory, 'shared_buffers', 'work_mem', 'maintenance_work_mem'),
    ...all(duration, 'log_min_duration_statement', 'checkpoint_timeout', 'deadlock_timeout'),
    max_connections: { type: 'integer', minimum: 1 },
    effective_io_concurrency: { type: 'integer', minimum: 0, maximum: 1000 },
    default_transaction_read_only: oneOf('on', 'off'),
    ssl: oneOf('on', 'off'),
    ...all(text, 'listen_addresses', 'shared_preload_libraries', 'timezone', 'lc_messages'),
  },
}

const size = { pattern: '^\\d+[KMGTPEkmgtpe]?$' }
const flag = oneOf('ON', 'OFF', '1', '0', '')
/** The types in the documentation of MariaDB 10.11. */
const mariadbSchema = {
  additionalProperties: false,
  properties: {
    ...all(text, 'datadir', 'socket', 'bind_address', 'tmpdir', 'init_file', 'log_bin', 'ssl_cert'),
    ...all(text, 'ssl_key', 'innodb_log_group_home_dir', 'innodb_data_file_path'),
    ...all(text, 'character_set_server', 'collation_server', 'default_storage_engine'),
    ...all(text, 'default_time_zone', 'lc_messages'),
    ...all(size, 'innodb_log_file_size', 'innodb_buffer_pool_size', 'sort_buffer_size'),
    ...all(size, 'tmp_table_size', 'max_allowed_packet'),
    ...all(count, 'log_warnings', 'max_connections', 'wait_timeout', 'table_open_cache'),
    ...all(count, 'thread_cache_size', 'long_query_time'),
    ...all(flag, 'read_only', 'innodb_read_only', 'innodb_encrypt_tables', 'skip_networking'),
    ...all(flag, 'require_secure_transport', 'skip_grant_tables', 'slow_query_log'),
    innodb_force_recovery: { type: 'integer', minimum: 0, maximum: 6 },
    lower_case_table_names: { type: 'integer', minimum: 0, maximum: 2 },
    innodb_page_size: oneOf('4k', '8k', '16k', '32k', '64k'),
    sql_mode: { pattern: '^(|[A-Z_]+(,[A-Z_]+)*)$' },
  },
}

/** What the app reads. */
const appSchema = {
  required: ['database', 'token', 'expires'],
  properties: {
    ...all(text, 'database', 'token', 'listen', 'connect'),
    expires: { type: 'string', format: 'date' },
    pool: { type: 'integer', minimum: 1 },
    port: { type: 'integer', minimum: 1, maximum: 65_535 },
  },
}

const declared: Partial<Record<Fault['stack'], [schema: object, read: (data: string) => object]>> =
  {
    redis: [redisSchema, (data) => settingsIn(redis.parse(textOf(data, 'redis.conf')))],
    'redis-aof': [redisSchema, (data) => settingsIn(redis.parse(textOf(data, 'redis.conf')))],
    postgresql: [
      postgresSchema,
      (data) => settingsIn(postgresql.parse(textOf(data, 'pg/postgresql.conf'))),
    ],
    mariadb: [mariadbSchema, (data) => settingsIn(mariadb.parse(textOf(data, 'my.cnf')))],
    app: [appSchema, (data) => JSON.parse(textOf(data, 'settings.json')) as object],
    'app-limited': [appSchema, (data) => JSON.parse(textOf(data, 'settings.json')) as object],
  }

/**
 * Whether the settings on disk would be refused as the values of a configuration with a schema: of
 * the names and types that the documentation of the software has, without a limit that only the
 * team can know. Services without settings of that form have none.
 */
export function isRefusedBySchema(stack: Fault['stack'], data: string): boolean {
  const [schema, read] = declared[stack] ?? []
  if (schema === undefined || read === undefined) return false
  try {
    const values = Object.entries(read(data)).map(([name, value]) => [name, wordOf(value)])
    return schemaProblems(JSON.stringify(schema), Object.fromEntries(values)).length > 0
  } catch {
    // The file cannot be read, or is not JSON: there are no values to check.
    return false
  }
}

const textOf = (data: string, file: string): string => readFileSync(join(data, file), 'utf8')
const settingsIn = (lines: { name: string; value: string }[]): object =>
  Object.fromEntries(lines.map(({ name, value }) => [name, value]))
const wordOf = (value: unknown): string =>
  typeof value === 'string' ? value : JSON.stringify(value)
