-- Who is on call. Layers are turns of people; a later layer replaces an earlier one.
create table rota (
  name text primary key,
  zone text not null,                -- IANA name
  layers jsonb not null,
  calendar text,                     -- hash of the key of its calendar; null without one
  modified timestamptz not null default now()
);

-- One person for a time, before all layers. A newer one replaces an older one.
create table rota_override (
  id bigint generated always as identity primary key,
  rota text not null references rota on delete cascade,
  person text not null,
  starts timestamptz not null,
  ends timestamptz not null,
  reason text not null,
  actor text not null,
  uid text,                          -- of the imported calendar entry
  created timestamptz not null default now(),
  unique (rota, uid, starts)
);
create index rota_override_by_time on rota_override (rota, ends);

-- Who gets the alerts of an app, one step after the other.
create table team (
  name text primary key,
  escalation jsonb not null,
  modified timestamptz not null default now()
);
