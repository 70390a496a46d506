-- Why a deployment waits for people or the calendar, and how long it did.
alter table deployment
  add column blocked text,                    -- freeze or approval, while it waits
  add column blocked_since timestamptz,
  add column frozen_ms bigint not null default 0,
  add column approval_ms bigint not null default 0;

create table decision (
  deployment bigint not null references deployment on delete cascade,
  kind text not null,              -- approve, refuse, override
  actor text not null,
  comment text not null,
  made timestamptz not null default clock_timestamp(),
  primary key (deployment, kind, actor)
);
