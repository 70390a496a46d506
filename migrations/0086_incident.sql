-- Harm that customers feel. One incident has one cause.
create table incident (
  id bigint generated always as identity primary key,
  app text,                          -- null when it is about the installation
  environment text,
  service text,
  title text not null,
  reason text not null,
  opened_by text not null,           -- alert, person, rollback
  opener text not null,
  severity text not null,            -- minor, major, critical
  severity_by text,                  -- null while it is the proposed one
  deployment bigint,                 -- that explains it
  onset_from timestamptz,
  onset_until timestamptz,
  detected timestamptz not null,
  acknowledged timestamptz,
  declared timestamptz,
  mitigated timestamptz,
  mitigation text,                   -- what stopped the harm
  over timestamptz,
  proof text,                        -- why it counts as over
  closed timestamptz,
  closed_by text,
  commander text,
  communicator text,
  occurrence int not null default 1, -- grows when it comes back
  reopened timestamptz               -- when it came back last
);
create index incident_by_app on incident (app, id);
create index incident_open on incident (id) where closed is null;
create unique index incident_rollback on incident (deployment) where opened_by = 'rollback';

-- An alert belongs to one incident.
create table incident_alert (
  alert bigint primary key references alert on delete cascade,
  incident bigint not null references incident on delete cascade,
  occurrence int not null            -- of the alert, when the incident counted it last
);
create index incident_alert_by_incident on incident_alert (incident);

-- What changed before an incident, as it was ranked when the incident opened.
create table incident_change (
  id bigint generated always as identity primary key,
  incident bigint not null references incident on delete cascade,
  place int not null,                -- from 1, the most likely first
  kind text not null,
  ref text not null,
  app text,
  environment text,
  text text not null,
  reason text not null,
  time timestamptz not null,
  confirmed_by text,                 -- who said that it is the cause
  unique (incident, place)
);
