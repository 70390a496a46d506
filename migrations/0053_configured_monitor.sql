-- Monitors of fairlead.yaml are rows beside those without configuration, which have no settings.
alter table monitor
  add column settings jsonb,
  add column urgency text,           -- null: by the place
  add column entities text[] not null default '{}',
  add column took real,              -- milliseconds of the last check
  add column proven timestamptz;     -- when it was first up with its present settings
create unique index monitor_of_file on monitor (app, environment, name) where settings is not null;

-- The calls of a job. They stay when a rollback removes the monitor for a while.
create table heartbeat (
  app text not null references app (name) on delete cascade,
  environment text not null,
  name text not null,
  key text not null unique,          -- a part of the address that the job calls
  created timestamptz not null default now(),
  started timestamptz,
  ended timestamptz,
  failed boolean not null default false,
  message text not null default '',
  primary key (app, environment, name)
);
