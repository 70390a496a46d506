-- What the reports of a run's steps say. Rows belong to an attempt of a step: a step that is repeated leaves the others behind, and
-- only those of its last attempt count.
create table test (
  id bigint generated always as identity primary key,
  app text not null references app (name) on delete cascade,
  suite text not null,
  name text not null
);
-- Names can be longer than an index may hold.
create unique index test_by_name on test (app, md5(suite || E'\n' || name));

create table test_result (
  run bigint not null references pipeline_run (id) on delete cascade,
  step text not null,
  attempt int not null,
  number int not null,             -- in the order of the reports
  test bigint not null references test (id) on delete cascade,
  outcome text not null,
  seconds real,
  file text,
  message text,
  primary key (run, step, attempt, number)
);
create index test_result_by_test on test_result (test, run desc);

create table coverage (
  run bigint not null references pipeline_run (id) on delete cascade,
  step text not null,
  attempt int not null,
  file text not null,
  lines int[] not null,            -- that could run
  missed int[] not null,           -- and did not
  primary key (run, step, attempt, file)
);

create table finding (
  run bigint not null references pipeline_run (id) on delete cascade,
  step text not null,
  attempt int not null,
  number int not null,
  tool text not null,
  rule text not null,
  level text not null,
  severity text,                   -- of a vulnerability, where its tool says
  message text not null,
  file text,
  line int,
  primary key (run, step, attempt, number)
);

create table measurement (
  run bigint not null references pipeline_run (id) on delete cascade,
  step text not null,
  attempt int not null,
  name text not null,
  unit text not null,
  better text not null,            -- lower or higher
  value double precision not null,
  deviation double precision,      -- of its samples, in the same unit
  samples int,
  primary key (run, step, attempt, name)
);

-- Bills of materials, as they were written.
create table material (
  run bigint not null references pipeline_run (id) on delete cascade,
  step text not null,
  attempt int not null,
  file text not null,
  components int not null,
  document json not null,
  primary key (run, step, attempt, file)
);

-- Which attempt of a step had reports, and of which kinds: no rows of a kind is not the same as no report.
create table report (
  run bigint not null references pipeline_run (id) on delete cascade,
  step text not null,
  attempt int not null,
  file text not null,
  format text not null,
  tells text[] not null,           -- tests, coverage, findings, measurements, materials
  primary key (run, step, attempt, file)
);
