-- Background work: when each job ran last, when it is due, and whether it fails.
-- See src/engine/every.ts.
create table background_job (
  name text not null,
  replica text not null,           -- empty for a job that one replica runs at a time
  interval double precision not null, -- milliseconds between two runs
  due timestamptz not null,        -- when the next run should start
  woken timestamptz,               -- when a run was last requested ahead of time
  holder text,                     -- the replica that runs it now
  lease timestamptz,               -- until then no other replica may run it
  started timestamptz,
  ended timestamptz,
  succeeded timestamptz,           -- end of the last run without an error
  failures int not null default 0, -- runs in a row that ended with an error
  error text,
  primary key (name, replica)
);
