-- What was known of a run when it was judged, and what its gates said.
create table summary (
  run bigint primary key references pipeline_run (id) on delete cascade,
  app text not null references app (name) on delete cascade,
  base_run bigint,                 -- of the last good release; null when there is none
  base_sha text,
  numbers json not null,
  gates json not null,
  time timestamptz not null default now()
);
create index summary_by_app on summary (app, run desc);

-- A gate or a test that does not stop a change, for a time.
create table waiver (
  id bigint generated always as identity primary key,
  app text not null references app (name) on delete cascade,
  kind text not null,              -- gate or test
  subject text not null,           -- the name of the gate, or `suite › name` of the test
  author text not null,
  reason text not null,
  created timestamptz not null default now(),
  until timestamptz not null,
  ended timestamptz                -- when somebody took it back
);
create index waiver_by_app on waiver (app, kind, subject);

-- What the code of a run's commit is like, and what its change did to it.
create table code (
  run bigint primary key references pipeline_run (id) on delete cascade,
  report json not null
);
