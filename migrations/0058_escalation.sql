-- The escalation of an alert: shared channels, then suspects, then the steps of the team.
alter table alert
  add column step int not null default 0,  -- the last step that was taken
  add column next_step timestamptz;        -- when the next one is due; null after the last

-- A person can get a message of each step.
alter table notification
  add column step int not null default 0,
  drop constraint notification_alert_channel_kind_occurrence_key,
  add unique (alert, channel, kind, occurrence, step);

-- Who said that an alert is not theirs.
create table alert_pass (
  alert bigint not null references alert on delete cascade,
  person text not null,
  time timestamptz not null default now(),
  primary key (alert, person)
);
