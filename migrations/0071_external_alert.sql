-- Alerts that other tools report. One fires until `ends`.
create table external_alert (
  id bigint generated always as identity primary key,
  origin text not null,                  -- alertmanager, pagerduty, cloudevents
  fingerprint text not null,             -- of the labels, or of the key that the tool names
  source text not null,                  -- of the alert: the same for what has one cause
  app text,
  environment text,
  service text,
  title text not null,
  reason text not null,
  urgency text,                          -- high, low; none opens no alert; null: by environment
  labels jsonb not null,
  annotations jsonb not null,
  link text,
  starts timestamptz not null,
  ends timestamptz,                      -- null until the tool says that it has ended
  updated timestamptz not null default now(),
  unique (origin, fingerprint)
);
create index external_alert_by_source on external_alert (source);
create index external_alert_ends on external_alert (ends);

-- A silence may begin later, and may match labels instead of an app.
alter table silence
  alter column app drop not null,
  add column starts timestamptz not null default now(),
  add column matchers jsonb not null default '[]';

-- Until when silences with matchers cover everything that fires in the alert.
alter table alert add column silenced_until timestamptz;
