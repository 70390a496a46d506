-- How likely a change is the cause of its incident, from 0 to 1; null before this was computed.
alter table incident_change add column confidence double precision;

-- What Fairlead did by itself about an incident. An incident sees each guess once while it goes on.
create table incident_guess (
  id bigint generated always as identity primary key,
  incident bigint not null references incident on delete cascade,
  occurrence int not null,           -- of the incident
  app text not null,
  environment text not null,
  guess text not null,               -- the kind and the name of the suspect
  problem text,                      -- why it was not done; null if it was
  time timestamptz not null default now(),
  unique (incident, occurrence, guess)
);
create index incident_guess_by_place on incident_guess (app, environment, id);
