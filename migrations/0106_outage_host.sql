-- The hosts that notify people while no server answers.
create table outage_host (
  id text primary key,
  url text,                                  -- where other hosts ask it; null: they cannot
  called timestamptz not null default now()  -- by a server
);

-- The id of the alert of the next outage, which all hosts use.
create table outage_alert (
  one boolean primary key default true check (one),
  id bigint not null,
  reserved timestamptz not null
);
