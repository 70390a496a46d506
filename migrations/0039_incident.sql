-- A service that crashes again and again, from the detection of its loop to the end.
create table incident (
  id bigint generated always as identity primary key,
  app text not null,
  environment text not null,
  service text not null,
  deployment bigint not null,
  reason text not null,
  detected timestamptz not null default now(),
  resolved timestamptz
);
create unique index incident_open on incident (app, environment, service) where resolved is null;
