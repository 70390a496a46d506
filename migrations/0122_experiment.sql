-- One run of an experiment of fairlead.yaml.
create table experiment_run (
  id bigint generated always as identity primary key,
  app text not null,
  environment text not null,
  name text not null,
  plan jsonb not null,               -- see experiment.ts
  release bigint not null,
  trigger text not null,             -- request
  actor text not null,
  state text not null default 'checking',
  reason text,
  refusals jsonb not null default '[]',
  radius jsonb,
  detection jsonb,
  aborted_by text,
  created timestamptz not null default now(),
  made timestamptz,
  undone timestamptz,
  ended timestamptz
);
create unique index experiment_run_alone on experiment_run (app, environment) where ended is null;
create index experiment_run_by_app on experiment_run (app, id);
create index experiment_run_by_place on experiment_run (app, environment, name, id);

-- While the row exists, no experiment runs.
create table experiment_stop (
  one boolean primary key default true check (one),
  reason text not null,
  actor text not null,
  since timestamptz not null default now()
);
