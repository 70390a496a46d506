-- What is watched, and its state. Rows without an app watch the installation.
create table monitor (
  id bigint generated always as identity primary key,
  app text,
  environment text,
  service text,
  kind text not null,
  name text not null,
  state text not null,               -- up, degraded, down, unknown
  firing boolean not null default false, -- harm was found and its end was not; unknown keeps it
  reason text not null,
  since timestamptz not null default now(),
  onset_from timestamptz,            -- when the harm began, with 90 %
  onset_until timestamptz,
  checked timestamptz,
  unique nulls not distinct (app, environment, service, kind, name)
);

-- The detectors of a service, up to the second `next` of the host process `run`.
create table detector (
  app text not null,
  environment text not null,
  service text not null,
  run text not null,
  next int not null,
  state bytea not null,
  saved timestamptz not null default now(),
  primary key (app, environment, service)
);

-- The server that judges the seconds of a host.
create table detector_holder (
  host text primary key,
  holder text not null
);
