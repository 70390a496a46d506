-- Where an app's results go back to: the forge that has its repository.

create table forge (
  app text primary key references app on delete cascade,
  kind text not null,
  url text not null,               -- of its API
  repository text not null,        -- as the forge names it, OWNER/NAME
  token text not null,             -- sealed
  created timestamptz not null default now(),
  paused timestamptz,              -- not asked before this
  claimed timestamptz,             -- one replica tells it until this
  failures int not null default 0, -- in a row
  problem text
);

-- What a forge is to know, and what it was told last: told again when the two differ.
create table forge_report (
  app text not null references forge on delete cascade,
  subject text not null,           -- commit/SHA/NAME or deployment/ID
  state text not null,             -- that it was told
  remote text,                     -- the forge's own id for it
  told timestamptz not null default clock_timestamp(),
  problem text,                    -- why it was not taken, for good
  primary key (app, subject)
);
create index pipeline_run_by_created on pipeline_run (app, created);
create index deployment_by_created on deployment (app, created);
