-- The last gradual change of each switch. It is judged by the requests of the targeting keys.
create table switch_rollout (
  app text not null references app (name) on delete cascade,
  environment text not null,
  name text not null,
  id text not null,                  -- names the counts of the hosts
  version int not null,              -- of the switch after the last step; another one ends it
  serve jsonb not null,              -- the new choice
  fallback jsonb,                    -- the setting before; null: the default of the file
  key jsonb not null,                -- how a request names its targeting key
  steps double precision[] not null, -- percent
  every_ms bigint not null,
  alpha double precision not null,
  step int not null default 0,
  state text not null default 'running',
  reason text not null default '',
  counts jsonb not null default '{}', -- what each host counted, by its name
  started timestamptz not null default now(),
  step_began timestamptz not null default now(),
  primary key (app, environment, name)
);
