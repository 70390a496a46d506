-- The requests for a service that ended in a minute, and how many of them failed.
create table request_count (
  app text not null,
  environment text not null,
  service text not null,
  minute timestamptz not null,
  requests bigint not null,
  errors bigint not null,
  routes jsonb not null,             -- by the start of the path: requests and errors
  tenants jsonb not null,            -- the same by tenant; what is beyond the limit has no name
  primary key (app, environment, service, minute)
);
create index request_count_by_minute on request_count (minute);

-- What broke the rules of the business in an incident, such as accounts.
create table incident_entity (
  incident bigint not null references incident on delete cascade,
  monitor text not null,
  entity text not null,
  since timestamptz not null,        -- when it was found first
  primary key (incident, monitor, entity)
);

alter table incident add column impact json; -- kept when it is closed
