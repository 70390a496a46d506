-- Who made the change after which an alert was over, compared with the suspects of the alert.
create table alert_cause (
  alert bigint primary key references alert on delete cascade,
  how text not null,                 -- fix, rollback, none
  deployment bigint,                 -- after which it was over
  authors jsonb not null default '[]',
  place int,                         -- of the first suspect who is an author, from 1; null for none
  chance_first float8 not null default 0, -- that one random author of the changes is right
  chance_three float8 not null default 0, -- that one of three is
  judged timestamptz not null default now()
);
