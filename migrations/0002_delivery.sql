-- What delivery knows. The engine's tables are in 0001; events are the history, these tables are what is now.

create table app (
  name text primary key,
  repository jsonb not null,
  branch text not null,
  created timestamptz not null default now(),
  head text,                       -- the branch's head as last seen; null when there is none
  problem text                     -- why its repository cannot be read, if so now
);

create table change (
  app text not null references app (name) on delete cascade,
  sha text not null,
  base text,
  branch text not null,
  subject text not null,
  author jsonb not null,
  committed timestamptz not null,
  received timestamptz not null default now(),
  chain text not null,
  position bigint generated always as identity,   -- the order of arrival: what "newer" means
  primary key (app, sha)
);

create table pipeline_run (
  id bigint generated always as identity primary key,
  app text not null references app (name) on delete cascade,
  sha text not null,
  position bigint not null,
  state text not null default 'queued',
  reason text,
  definition jsonb,                -- fairlead.yaml after defaults, as this run read it
  artifact text,
  retry_of bigint,
  created timestamptz not null default now(),
  started timestamptz,
  ended timestamptz,
  foreign key (app, sha) references change (app, sha) on delete cascade
);
create index pipeline_run_by_app on pipeline_run (app, id desc);
create index pipeline_run_open on pipeline_run (app, position) where state in ('queued', 'running');

create table step (
  run bigint not null references pipeline_run (id) on delete cascade,
  name text not null,
  position int not null,
  command text not null,
  needs jsonb not null,
  state text not null default 'waiting',
  attempt int not null default 0,
  started timestamptz,
  ended timestamptz,
  exit_code int,
  reason text,
  lines bigint not null default 0,
  primary key (run, name)
);

create table artifact (
  digest text primary key,
  app text not null,
  run bigint not null,
  size bigint not null,
  created timestamptz not null default now()
);

create table environment (
  app text not null references app (name) on delete cascade,
  name text not null,
  position int not null,
  port int not null,               -- the fixed port; chosen once
  primary key (app, name)
);
create unique index environment_port on environment (port);

create table configuration (
  app text not null references app (name) on delete cascade,
  environment text not null,
  version int not null,
  variables jsonb not null,
  secrets jsonb not null,          -- name → base64 of nonce, tag and AES-256-GCM ciphertext
  changed jsonb not null,
  actor text not null,
  created timestamptz not null default now(),
  primary key (app, environment, version)
);

create table release (
  id bigint generated always as identity primary key,
  app text not null references app (name) on delete cascade,
  environment text not null,
  artifact text not null references artifact (digest),
  configuration int not null,
  run bigint not null,
  sha text not null,
  definition jsonb not null,       -- services and environment of fairlead.yaml, so that a rollback needs no repository
  created timestamptz not null default now()
);

create table deployment (
  id bigint generated always as identity primary key,
  app text not null references app (name) on delete cascade,
  environment text not null,
  kind text not null,
  state text not null default 'waiting',
  reason text,
  run bigint,
  release bigint not null references release (id),
  position bigint not null,        -- of the change: the newest good one wins
  actor text not null,
  workflow text not null,
  created timestamptz not null default now(),
  started timestamptz,
  live timestamptz,
  ended timestamptz
);
create index deployment_by_environment on deployment (app, environment, id desc);
create unique index deployment_live on deployment (app, environment) where state = 'live';
create index deployment_by_run on deployment (run);

create table held (
  app text not null references app (name) on delete cascade,
  environment text not null,
  sha text not null,
  reason text not null,
  created timestamptz not null default now(),
  primary key (app, environment, sha)
);
