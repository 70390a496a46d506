-- A release that has all of the traffic is compared with the release before it.
create table watch (
  deployment bigint primary key references deployment (id) on delete cascade,
  settings json not null,          -- of the judgement
  before json,                     -- counts of the release before, of its last minutes
  position json,                   -- up to where the seconds of the host are stored here
  started timestamptz not null default now(),
  until timestamptz not null,
  state text not null default 'watching',
  reason text,
  ended timestamptz
);

create table watch_look (
  deployment bigint not null references watch (deployment) on delete cascade,
  number int not null,
  look json not null,              -- what was served since the look before
  primary key (deployment, number)
);
