-- A series of measurements. Its values are in blocks, not in a row each.
create table signal (
  id bigint generated always as identity primary key,
  app text,                                  -- null for the machine of a host
  environment text,
  service text,
  release bigint,                            -- for counts of requests
  instance int,                              -- for what a process uses
  name text not null,
  unique nulls not distinct (app, environment, service, release, instance, name)
);

-- 360 values that begin at `start`, `step` seconds apart: 32-bit floats, NaN for unknown, deflated.
create table signal_block (
  signal bigint not null references signal on delete cascade,
  step int not null,
  start timestamptz not null,
  "values" bytea not null,
  primary key (signal, step, start)
);
create index signal_block_by_age on signal_block (step, start);

-- How far the seconds of a host were stored.
create table signal_position (
  host text primary key,
  run text not null,               -- names the host process that numbered them
  next int not null
);
