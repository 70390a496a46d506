import type { Fault } from './faults.ts'

/** A public text about a fault, with the name that its link has. */
export type Source = [name: string, url: string]

const reports = {
  twilio: [
    'Twilio, 2013',
    'https://www.twilio.com/blog/2013/07/billing-incident-post-mortem-breakdown-analysis-and-root-cause.html',
  ],
  travis: ['Travis CI, password rotation', 'https://www.traviscistatus.com/incidents/khzk8bg4p9sy'],
  heroku: ['Heroku, 2020', 'https://blog.heroku.com/how-i-broke-git-push-heroku-main'],
  azure: [
    'Azure, 2013',
    'https://azure.microsoft.com/en-us/blog/details-of-the-february-22nd-2013-windows-azure-storage-disruption/',
  ],
  foursquare: ['Foursquare, 2010', 'https://news.ycombinator.com/item?id=1769761'],
  gitlab2014: ['GitLab, 2014', 'https://news.ycombinator.com/item?id=8003601'],
  gitlab2017: [
    'GitLab, 2017',
    'https://about.gitlab.com/blog/2017/02/10/postmortem-of-database-outage-of-january-31/',
  ],
  rust: [
    'crates.io, 2023',
    'https://blog.rust-lang.org/inside-rust/2023/02/08/dns-outage-portmortem.html',
  ],
} as const satisfies Record<string, Source>

const redisConf: Source = [
  'redis.conf of Redis 7.0',
  'https://raw.githubusercontent.com/redis/redis/7.0/redis.conf',
]
const postgres = (page: string): Source => [
  `PostgreSQL: ${page}`,
  `https://www.postgresql.org/docs/15/${page}.html`,
]
const nginx = (page: string): Source => [
  `nginx: ${page.split('/').at(-1)}`,
  `https://nginx.org/en/docs/${page}.html`,
]
const mariadb = (path: string, anchor = ''): Source => [
  `MariaDB: ${anchor || path.split('/').at(-1)}`,
  `https://mariadb.com/docs/server/${path}${anchor && `#${anchor}`}`,
]
const server = (name: string): Source =>
  mariadb(
    'ha-and-performance/optimization-and-tuning/system-variables/server-system-variables',
    name,
  )
const innodb = (name: string): Source =>
  mariadb('server-usage/storage-engines/innodb/innodb-system-variables', name)
const start = 'server-management/starting-and-stopping-mariadb'
const doesNotStart = mariadb(`${start}/what-to-do-if-mariadb-doesnt-start`)
const configuring = 'server-management/install-and-upgrade-mariadb/configuring-mariadb'
const optionFiles = mariadb(`${configuring}/configuring-mariadb-with-option-files`)
const redoLog = mariadb('server-usage/storage-engines/innodb/innodb-redo-log')
const systemTablespace = mariadb(
  'server-usage/storage-engines/innodb/innodb-tablespaces/innodb-system-tablespaces',
)
const java: Source = ['java', 'https://docs.oracle.com/en/java/javase/17/docs/specs/man/java.html']

const redisSources: Record<string, Source | null> = {
  'replica of a host that is gone': reports.twilio,
  'append-only file switched on, and there is none': reports.twilio,
  'data in another folder': redisConf,
  'data in a folder that does not exist': redisConf,
  'another name of the data file': redisConf,
  'a password that clients do not have': reports.travis,
  'the default user is off': redisConf,
  'less memory than the data, nothing evicted': redisConf,
  'less memory than the data, keys evicted': redisConf,
  'another eviction policy': redisConf,
  'no snapshots any more': redisConf,
  'a replica is required for writes': redisConf,
  'a misspelled directive': null,
  'a value that does not exist': redisConf,
  'an address that the machine does not have': redisConf,
  'a socket in a missing folder': redisConf,
  'a module that is not installed': redisConf,
  'an included file that is gone': redisConf,
  'a file of users that is gone': redisConf,
  'a command is renamed away': redisConf,
  'a damaged data file': redisConf,
}

const appSources: Record<string, Source | null> = {
  'a setting is missing': reports.heroku,
  'a token that has expired': reports.azure,
  'another port': null,
  'another address': null,
  'the health check answers 500': null,
  'it never answers': null,
  'a smaller pool of connections': null,
  'a database that is not there any more': null,
  'a file that is no JSON': null,
  'the file of settings is gone': null,
  'the file of settings belongs to somebody else': null,
}

/**
 * Where each fault is described, by the kind of service and the name of the fault: in a public
 * report of an outage of that kind, or in the documentation of the setting or file that is wrong.
 * Null: none known. The documentation was read; of the reports, their beginning or the summary in
 * https://github.com/danluu/post-mortems.
 */
const sources: Record<Fault['stack'], Record<string, Source | null>> = {
  redis: redisSources,
  'redis-aof': {
    'append-only file switched off': redisConf,
    'another name of the append-only file': redisConf,
    'the append-only file is gone': reports.twilio,
    'a damaged append-only file': redisConf,
  },
  postgresql: {
    'a line that is no setting': postgres('config-setting'),
    'an unknown parameter': postgres('config-setting'),
    'a value without a unit that exists': postgres('config-setting'),
    'more shared memory than the machine has': postgres('kernel-resources'),
    'fewer connections than are reserved': postgres('runtime-config-connection'),
    'all transactions are read-only': postgres('runtime-config-client'),
    'an address that the machine does not have': postgres('runtime-config-connection'),
    'TLS without a certificate': postgres('ssl-tcp'),
    'a library that is not installed': postgres('runtime-config-client'),
    'an included file that is gone': postgres('config-setting'),
    'a time zone that does not exist': postgres('runtime-config-client'),
    'a locale that does not exist': postgres('runtime-config-client'),
    'less memory for a sort': postgres('runtime-config-resource'),
    'nobody may sign in': postgres('auth-pg-hba-conf'),
    'a file of ALTER SYSTEM that is damaged': postgres('config-setting'),
    'it is marked as a standby': postgres('warm-standby'),
    'everybody may read the data': postgres('creating-cluster'),
    'the write-ahead log is gone': postgres('app-pgresetwal'),
    'the control file is gone': postgres('app-pgresetwal'),
  },
  mariadb: {
    'a misspelled variable': doesNotStart,
    'a value without a unit that exists': doesNotStart,
    'a group without its end': optionFiles,
    'the settings are in a group of the client': optionFiles,
    'a buffer pool that the machine does not have': doesNotStart,
    'a value of the buffer pool without a unit': doesNotStart,
    'data in a folder that does not exist': doesNotStart,
    'data in a folder of before': reports.gitlab2014,
    'read-only': server('read_only'),
    'InnoDB is read-only': innodb('innodb_read_only'),
    'a forced recovery that was left': innodb('innodb_force_recovery'),
    'another size of a page': innodb('innodb_page_size'),
    'another size of the data file': innodb('innodb_data_file_path'),
    'a redo log in a missing folder': innodb('innodb_log_group_home_dir'),
    'encryption without its keys': mariadb(
      'security/encryption/data-at-rest-encryption/innodb-encryption/innodb-enabling-encryption',
    ),
    'an address that the machine does not have': server('bind_address'),
    'no network': server('skip_networking'),
    'a socket in a missing folder': server('socket'),
    'a socket whose path is too long': server('socket'),
    'TLS without a certificate': mariadb(
      'security/encryption/data-in-transit-encryption/ssltls-system-variables',
    ),
    'clients need TLS': server('require_secure_transport'),
    'anybody is let in': mariadb(`${start}/mariadbd-options`),
    'a character set that does not exist': server('character_set_server'),
    'a collation of another character set': server('collation_server'),
    'another character set': server('character_set_server'),
    'an SQL mode that does not exist': server('sql_mode'),
    'another SQL mode': server('sql_mode'),
    'other names of tables': server('lower_case_table_names'),
    'smaller packets': server('max_allowed_packet'),
    'a log of changes in a missing folder': mariadb(
      'ha-and-performance/standard-replication/replication-and-binary-log-system-variables',
    ),
    'a folder for temporary files that is gone': server('tmpdir'),
    'a file of statements that is gone': server('init_file'),
    'a storage engine that is not installed': server('default_storage_engine'),
    'a time zone that does not exist': server('time_zone'),
    'a language that does not exist': server('lc_messages'),
    'a replica of a server that is gone, not yet started': mariadb(`${start}/mariadbd-options`),
    'the redo log is gone': redoLog,
    'a damaged redo log': redoLog,
    'the data file is gone': systemTablespace,
    'the tables of users are gone': doesNotStart,
    'the data file belongs to somebody else': doesNotStart,
    'the databases are gone': reports.gitlab2017,
  },
  nginx: {
    'a certificate that is gone': nginx('http/ngx_http_ssl_module'),
    'a missing semicolon': nginx('beginners_guide'),
    'an unknown directive': nginx('control'),
    'a host that has no address any more': reports.rust,
    'a root that is gone': nginx('http/ngx_http_core_module'),
    'an included file that is gone': nginx('ngx_core_module'),
    'a log in a missing folder': nginx('http/ngx_http_log_module'),
    'another port': nginx('http/ngx_http_core_module'),
    'every request is refused': nginx('http/ngx_http_access_module'),
    'the pages are gone': null,
  },
  app: appSources,
  'app-limited': { 'more memory than its limit': reports.foursquare },
  java: {
    'more memory than the machine has': java,
    'an option that this Java does not have': java,
  },
}

/**
 * Returns where a fault is described, or null if no public text about it is known.
 *
 * @throws if `sources` does not list the fault
 */
export function sourceOf({ stack, name }: Pick<Fault, 'stack' | 'name'>): Source | null {
  const source = sources[stack][name]
  if (source === undefined) throw new Error(`bench/rehearsal/sources.ts lacks ${stack}: ${name}`)
  return source
}
