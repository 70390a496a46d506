-- When the repository of an app was checked last, and which replica checks it now.
-- See src/domains/source/polling.ts.
create table repository_check (
  app text primary key references app on delete cascade,
  due timestamptz not null default now(),
  claimed timestamptz,             -- until then a replica has the check
  claim bigint not null default 1, -- grows with each claim
  failures int not null default 0, -- checks in a row that failed
  checked timestamptz              -- start of the last check that succeeded
);
