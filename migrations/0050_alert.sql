-- Something that a person should know of. One alert has one cause.
create table alert (
  id bigint generated always as identity primary key,
  app text,
  environment text,
  service text,
  cause text not null,
  title text not null,
  reason text not null,
  urgency text not null,             -- high, low
  deployment bigint,                 -- that explains it
  onset_from timestamptz,
  onset_until timestamptz,
  opened timestamptz not null default now(),
  acknowledged_by text,
  acknowledged_until timestamptz,
  resolved timestamptz,
  resolved_by text,
  occurrence int not null default 1, -- grows when it opens again
  announced int not null default 0,  -- the last occurrence that was sent
  suspects jsonb not null default '[]'
);
create unique index alert_open on alert (cause) where resolved is null;
create index alert_by_app on alert (app, id);

-- What fires in an alert: a monitor, a crash loop, a failed rollback.
create table alert_source (
  alert bigint not null references alert on delete cascade,
  source text not null,
  title text not null,
  reason text not null,
  began timestamptz not null,
  ended timestamptz,
  primary key (alert, source)
);
create index alert_source_active on alert_source (source) where ended is null;

create table alert_entry (
  id bigint generated always as identity primary key,
  alert bigint not null references alert on delete cascade,
  time timestamptz not null default now(),
  kind text not null,
  actor text not null,
  text text not null
);
create index alert_entry_by_alert on alert_entry (alert, id);

create table silence (
  id bigint generated always as identity primary key,
  app text not null,
  environment text,                  -- null for all
  service text,
  until timestamptz not null,
  reason text not null,
  actor text not null,
  created timestamptz not null default now()
);

-- Where messages go. Settings are sealed, because addresses of webhooks are secrets.
create table channel (
  name text primary key,
  kind text not null,
  person text,                       -- the name of a user; null for a shared channel
  settings text not null,
  urgency text not null,             -- the least urgency that it gets: low, high
  created timestamptz not null default now(),
  proven timestamptz                 -- when a message was last accepted
);

-- A message to a channel. The key makes it exactly one for each occurrence.
create table notification (
  id bigint generated always as identity primary key,
  alert bigint not null references alert on delete cascade,
  channel text not null references channel on delete cascade,
  kind text not null,                -- opened, resolved
  occurrence int not null,
  person text,
  reason text not null,              -- why this person or channel
  state text not null default 'pending', -- pending, sent, failed
  tries int not null default 0,
  due timestamptz not null default now(),
  claimed timestamptz,
  sent timestamptz,
  problem text,
  unique (alert, channel, kind, occurrence)
);
create index notification_due on notification (due) where state = 'pending';
