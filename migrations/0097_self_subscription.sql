-- A subscription that a reader of the status page asked for. It gets updates once it is confirmed
-- from its address.
alter table status_subscription
  add column confirmed timestamptz default now(),  -- null until its address has confirmed it
  add column token_key text unique,                -- hash of what confirms and ends it
  add column address_key text,                     -- hash of its address
  add column asked_due timestamptz,                -- when its address is asked; null for never (again)
  add column asked_tries int not null default 0;
create index status_subscription_by_address on status_subscription (address_key);
create index status_subscription_asked on status_subscription (asked_due)
  where asked_due is not null;
