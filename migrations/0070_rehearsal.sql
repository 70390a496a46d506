-- Whether a service would come back with what is on disk, as a second instance has shown.
create table rehearsal (
  id bigint generated always as identity primary key,
  app text not null,
  environment text not null,
  service text not null,
  release bigint not null,
  cause text not null,               -- request, night, restart, deployment
  actor text not null,
  state text not null,               -- returns, fails, unknown
  reason text,
  report json not null,              -- everything else that it has shown
  ended timestamptz not null default now()
);
create index rehearsal_by_service on rehearsal (app, environment, service, id desc);
