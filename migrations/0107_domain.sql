-- The domains of environments, each of which leads to one of them.
create table environment_domain (
  name text primary key,
  app text not null,
  environment text not null,
  position int not null,             -- the first one is the main address
  foreign key (app, environment) references environment (app, name) on delete cascade
);
