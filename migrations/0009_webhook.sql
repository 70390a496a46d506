-- Check-ins that forges announce: stored before they are answered, so that a server that dies then has lost nothing.

create table webhook (
  app text primary key references app on delete cascade,
  secret text not null,            -- sealed
  former text,                     -- the one before, sealed, which counts until then
  former_until timestamptz,
  created timestamptz not null default now(),
  refused int not null default 0,
  refused_at timestamptz,
  refusal text
);

create table webhook_delivery (
  number bigint generated always as identity primary key,
  app text not null references app on delete cascade,
  forge text not null,
  id text not null,                -- the sender's own, the same when it tries again
  event text not null,
  subject text not null,           -- the refs or the pull request that it is about
  check_ins jsonb not null,
  content bytea not null,          -- SHA-256 of the body
  body bytea,                      -- goes after a while
  received timestamptz not null default clock_timestamp(),
  repeats int not null default 0,  -- times that the same came again
  repeat_of bigint,                -- the delivery that this one says again under another id
  state text not null,             -- pending, done, ignored, failed
  outcome text,
  change text,                     -- the head that was found when it was looked at
  tries int not null default 0,
  ended timestamptz,
  unique (app, forge, id)
);
create index webhook_delivery_by_app on webhook_delivery (app, number);
create index webhook_delivery_by_subject on webhook_delivery (app, subject, number);
create index webhook_delivery_pending on webhook_delivery (app) where state = 'pending';

-- A change that a look at the repository found before any delivery told of it.
create table webhook_gap (
  number bigint generated always as identity primary key,
  app text not null references app on delete cascade,
  sha text not null,
  looked timestamptz,              -- the look before, which did not see it
  found timestamptz not null default clock_timestamp(),
  told boolean not null default false
);
create index webhook_gap_by_app on webhook_gap (app, number);
create index webhook_gap_untold on webhook_gap (found) where not told;
create index webhook_delivery_received on webhook_delivery (received);
create index webhook_delivery_check_ins on webhook_delivery using gin (check_ins jsonb_path_ops);
