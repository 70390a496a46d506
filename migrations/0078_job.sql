-- Jobs of fairlead.yaml: until when the times of each schedule were considered.
create table job (
  app text not null,
  environment text not null,
  name text not null,
  schedule text not null,            -- the schedule and its zone; a change begins anew
  due timestamptz not null,
  primary key (app, environment, name)
);

-- One run of a job, or of a command of a person, in a release.
create table job_run (
  id bigint generated always as identity primary key,
  app text not null,
  environment text not null,
  job text,                          -- null for a command of a person
  key text not null,                 -- names the run on its target
  command text not null,
  service text,
  timeout bigint not null,           -- milliseconds
  late bigint not null,              -- milliseconds
  may_overlap boolean not null,         -- whether it may run beside others of its job
  trigger text not null,             -- schedule, request
  actor text not null,
  due timestamptz,                   -- the time of the schedule
  release bigint,                    -- null until it starts
  state text not null,               -- see job.ts
  stopping boolean not null default false,
  reason text,
  exit integer,
  created timestamptz not null default now(),
  started timestamptz,
  ended timestamptz
);
create unique index job_run_once on job_run (app, environment, job, due) where due is not null;
create unique index job_run_alone on job_run (app, environment, job)
  where state = 'running' and not may_overlap;
create index job_run_open on job_run (id) where ended is null;
create index job_run_by_place on job_run (app, environment, job, id desc);
