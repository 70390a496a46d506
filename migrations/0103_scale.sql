-- Services that have another number of instances than fairlead.yaml asks for.
create table scale (
  app text not null references app (name) on delete cascade,
  environment text not null,
  service text not null,
  declared int not null,             -- the number of fairlead.yaml that it replaces
  instances int not null,
  reason text not null,
  actor text not null,
  since timestamptz not null default now(),
  primary key (app, environment, service)
);
