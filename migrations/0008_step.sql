-- Why a run began (push, schedule or manual), and what it was given.
alter table pipeline_run add column trigger text not null default 'push', add column parameters json not null default '{}';

-- The run whose result stands for a step that was not run again, and whether its cache fitted (hit), nearly (near) or not (miss).
alter table step add column reused bigint, add column cache text;

-- Several apps may be in one repository, each in its folder.
alter table app add column folder text not null default '.';

-- What steps keep from one run to the next: folders, and results with what they made.
create table cache (
  app text not null references app (name) on delete cascade,
  step text not null,
  kind text not null,              -- cache or result
  key text not null,
  digest text,                     -- in the OCI layout of the caches; null for a result that made nothing
  size bigint not null default 0,
  run bigint not null,
  attempt int not null,
  used timestamptz not null default now(),
  primary key (app, step, kind, key)
);

-- The moments at which the schedule of an app was due, each once, and the run that began; null for the moment from which it counts.
create table scheduled_run (
  app text not null references app (name) on delete cascade,
  due timestamptz not null,
  run bigint,
  primary key (app, due)
);
