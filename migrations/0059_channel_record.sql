-- When a channel may be sent to next, by its rate limit; and its last refusal.
alter table channel
  add column slot timestamptz,
  add column problem text,
  add column refused timestamptz;

-- When the link in a message was used.
alter table notification add column answered timestamptz;
create index notification_by_channel on notification (channel, id);
