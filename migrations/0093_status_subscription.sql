-- Who gets the updates of the status page, besides those who read it.
create table status_subscription (
  name text primary key,
  kind text not null,                -- of a channel
  settings text not null,            -- sealed
  apps text[],                       -- null for all
  created timestamptz not null default now(),
  proven timestamptz,                -- when a message was last accepted
  problem text                       -- why the last one was not
);

-- An update for a subscription. It is sent in the order of the updates.
create table status_delivery (
  id bigint generated always as identity primary key,
  subscription text not null references status_subscription on delete cascade,
  status_update bigint not null references status_update on delete cascade,
  state text not null default 'pending' check (state in ('pending', 'sent', 'failed')),
  tries int not null default 0,
  due timestamptz not null default now(),
  claimed timestamptz,               -- until when a server sends it
  sent timestamptz,
  problem text,
  unique (subscription, status_update)
);
create index status_delivery_pending on status_delivery (due) where state = 'pending';
