-- What the status page shows of each component. Its history is in the event log.
create table status_component (
  app text not null references app (name) on delete cascade,
  environment text not null,
  state text not null,
  since timestamptz not null,
  pending text check (pending in ('better', 'unknown')),  -- a change that must last before it shows
  pending_since timestamptz,
  confirmed timestamptz not null,                         -- when the host was last told the state
  primary key (app, environment)
);
