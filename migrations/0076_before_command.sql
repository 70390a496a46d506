-- The command of an environment that runs once for a release, before its services start.
create table before_command (
  release bigint primary key references release (id) on delete cascade,
  app text not null,
  environment text not null,
  run bigint not null,
  deployment bigint not null,
  command text not null,
  service text not null,
  is_compatible boolean not null,    -- whether earlier releases work with what it leaves behind
  state text not null,               -- running, succeeded, failed, unknown
  code int,                          -- its exit code
  reason text,
  started timestamptz not null,
  ended timestamptz
);
create index before_command_by_environment on before_command (app, environment, started desc);
