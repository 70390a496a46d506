-- Each environment names a target, and each release keeps the one it was planned for.
alter table release add column target jsonb not null default '{"kind": "process"}';

-- port: null when the target of the environment reserves none. target: what the last run asks for.
alter table environment
  alter column port drop not null,
  add column target jsonb not null default '{"kind": "process"}';

-- The targets that hold or held something of an environment, and the URL that each answered.
create table environment_target (
  app text not null references app (name) on delete cascade,
  environment text not null,
  target jsonb not null,
  url text,
  primary key (app, environment, target)
);
insert into environment_target (app, environment, target, url)
  select app, name, '{"kind": "process"}', 'http://127.0.0.1:' || port from environment;
