-- A canary is judged: what it is compared with, how it goes, and what the edge counted, so that the verdict can be recomputed.
create table verdict (
  deployment bigint primary key references deployment (id) on delete cascade,
  state text not null default 'running',
  baseline bigint not null references release (id),
  fresh boolean not null default false, -- is it compared with a fresh start of the baseline
  share double precision not null,
  steps json not null,
  least bigint not null,           -- milliseconds
  most bigint not null,
  settings json not null,          -- of the judgement
  place bigint not null default 0, -- up to where the host's observations are stored here
  promoted_by text,                -- who asked to promote it without waiting
  decided json,                    -- the judgement that it was decided by
  is_over boolean not null default false, -- was its time over then
  started timestamptz not null default now(),
  ended timestamptz
);

create table verdict_look (
  deployment bigint not null references verdict (deployment) on delete cascade,
  number int not null,
  look json not null,              -- what was seen since the look before
  primary key (deployment, number)
);

drop index deployment_open;
create index deployment_open on deployment (id) where state in ('waiting', 'starting', 'verifying', 'canary', 'switching');
