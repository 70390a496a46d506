-- The draw of one day for an experiment that runs on a schedule.
create table experiment_draw (
  app text not null,
  environment text not null,
  name text not null,
  day date not null,                 -- in the zone of the team
  seed text not null,                -- secret until the hours of the day have ended
  commitment text not null,          -- the SHA-256 digest of the seed
  every int not null,                -- working days
  hours jsonb not null,              -- [{from, until}], in milliseconds since 1970
  gap int,                           -- working days since the last day with a run
  at timestamptz,                    -- null for a day without a run
  drawn timestamptz,                 -- when `gap` and `at` were stored
  run bigint,
  problem text,
  created timestamptz not null default now(),
  primary key (app, environment, name, day)
);
