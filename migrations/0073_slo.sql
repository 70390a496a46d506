-- Requests, and the bad ones among them, of what objectives are about. Counts belong to an
-- indicator, such as `web/availability`: they survive a rollback that removes the objective for a
-- while, and a change of the objective.
create table slo_count (
  app text not null references app (name) on delete cascade,
  environment text not null,
  indicator text not null,
  step int not null,                 -- seconds: 60, or 3600
  start timestamptz not null,
  requests float8 not null,
  bad float8 not null,               -- of latency, interpolated between two bounds
  primary key (app, environment, indicator, step, start)
);
create index slo_count_by_age on slo_count (step, start);

-- How far the seconds of a host were counted.
create table slo_position (
  host text primary key,
  run text not null,
  next int not null
);
