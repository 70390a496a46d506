-- Where what is on disk and what runs differ from what is declared.
create table drift (
  id bigint generated always as identity primary key,
  app text not null,
  environment text not null,
  release bigint not null,
  service text,                      -- null when it is about the release
  kind text not null,
  name text not null,
  declared text,                     -- never the value of a secret
  disk text,
  running text,
  is_secret boolean not null,
  at_restart boolean not null,       -- whether the next restart changes what runs
  remedy text not null,
  since timestamptz not null,        -- the change of the file, or the first check that found it
  resolved timestamptz
);
create index drift_by_environment on drift (app, environment, id);

-- The last check of each environment.
create table drift_check (
  app text not null,
  environment text not null,
  release bigint not null,
  checked timestamptz not null,
  problem text,                      -- why it could not be checked
  total int not null,
  files int not null,
  processes int not null,
  ms int not null,
  primary key (app, environment)
);
