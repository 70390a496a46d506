-- Exceptions of the same kind of an app.
create table error (
  id bigint generated always as identity primary key,
  app text not null,
  fingerprint text not null,
  type text not null,
  message text not null,
  place text,                              -- function and file
  language text not null,
  state text not null default 'open',      -- open, resolved, ignored
  first_seen timestamptz not null,
  last_seen timestamptz not null,
  count bigint not null default 0,
  regressed timestamptz,                   -- when it came back after it was resolved
  resolved timestamptz,
  resolved_by text,
  resolved_release bigint,                 -- only events of later releases open it again
  unique (app, fingerprint)
);
create index error_by_time on error (app, last_seen);

-- An error in an environment.
create table error_environment (
  error bigint not null references error on delete cascade,
  environment text not null,
  service text not null,
  first_seen timestamptz not null,
  last_seen timestamptz not null,
  first_release bigint not null,
  last_release bigint not null,
  regressed timestamptz,
  regressed_release bigint,
  primary key (error, environment)
);

create table error_count (
  error bigint not null references error on delete cascade,
  environment text not null,
  release bigint not null,
  hour timestamptz not null,
  count bigint not null,
  primary key (error, environment, release, hour)
);

-- Events with details: a sample. All events are counted.
create table error_event (
  id bigint generated always as identity primary key,
  error bigint not null references error on delete cascade,
  environment text not null,
  release bigint not null,
  service text not null,
  source text not null,                    -- output, sdk
  time timestamptz not null,
  details bytea not null                   -- deflated JSON
);
create index error_event_by_error on error_event (error, id);

-- The people whom SDKs named, as hashes.
create table error_person (
  error bigint not null references error on delete cascade,
  person bytea not null,
  primary key (error, person)
);

-- Where SDKs send the errors of an app.
create table error_key (
  app text primary key,
  project int generated always as identity unique,
  key text not null,
  created timestamptz not null default now()
);

-- What was not recorded.
create table error_dropped (
  app text not null,
  hour timestamptz not null,
  reason text not null,                    -- output, rate, size
  count bigint not null,
  primary key (app, hour, reason)
);

-- How far the output of instances was read.
create table error_position (
  host text primary key,
  places jsonb not null
);
