-- What is proposed for the branch that is delivered. A pull request is run, and may have an environment of its own, but is not of the line.
create table pull_request (
  app text not null references app on delete cascade,
  number int not null,
  title text not null,
  author text not null,
  state text not null default 'open', -- open, merged, closed
  is_draft boolean not null default false,
  branch text not null,            -- of its head
  fork text,                       -- the repository of its head, when that is another
  base text not null,              -- the branch that it wants to go into
  ref text not null,               -- where its head is fetched from
  url text,                        -- its page at the forge
  sha text,                        -- its head; null until that was fetched
  chain text not null,
  reason text,                     -- why it was closed
  problem text,                    -- why its head cannot be had
  approved text,                   -- the commit that may run with secrets
  approved_by text,
  since timestamptz not null default clock_timestamp(), -- it was opened, opened again or brought back
  active timestamptz not null default clock_timestamp(), -- something happened to it
  created timestamptz not null default clock_timestamp(),
  closed timestamptz,
  primary key (app, number)
);

-- When the pull requests of an app were looked at, and by whom: one replica at a time.
create table pull_request_look (
  app text primary key references app on delete cascade,
  asked timestamptz,               -- somebody wants a look
  claim bigint not null default 0, -- grows with each look, so that one that was overtaken begins nothing
  claimed timestamptz,             -- until then nobody else looks
  due timestamptz not null default now(),
  looked timestamptz,              -- when it was known for certain what is open
  problem text                     -- why that is not known now
);

alter table pipeline_run
  add column pull_request int,                         -- of which it is the head
  add column is_trusted boolean not null default true; -- its steps may have secrets
create index pipeline_run_by_pull_request on pipeline_run (app, pull_request, id desc) where pull_request is not null;

-- An environment of a pull request is none of the line.
alter table environment add column pull_request int;
create index environment_of_pull_request on environment (app, pull_request) where pull_request is not null;

-- The environment whose configuration a release takes over, and whether its secrets, too. Null: its own.
alter table release
  add column taken_from text,
  add column has_secrets boolean not null default true;
