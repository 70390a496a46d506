-- Plans for the machines of an environment, and their application.
create table machine_run (
  id bigint generated always as identity primary key,
  app text not null,
  environment text not null,
  mode text not null,                -- plan, apply
  key text not null,                 -- begins the names of its commands on the target
  commands int not null default 0,   -- commands that were started; the last one may be running
  playbook text not null,
  sha text not null,
  release bigint not null,
  deployment bigint,                 -- null when a person requested it
  state text not null,               -- see machine.ts
  stopping boolean not null default false,
  reason text,
  machines json not null,            -- what it did on each machine
  changes json not null,             -- the first tasks that changed something, or would
  total int not null,                -- all of them
  actor text not null,
  started timestamptz not null default now(),
  ended timestamptz
);
create index machine_run_by_environment on machine_run (app, environment, id desc);

-- The machines of an environment, as the last run that reached them left them.
create table machine (
  app text not null,
  environment text not null,
  name text not null,
  result json not null,
  run bigint not null,
  release bigint not null,
  sha text not null,
  applied timestamptz not null,
  primary key (app, environment, name)
);
