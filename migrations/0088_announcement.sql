-- A message about announced maintenance has a silence instead of an alert. Its kind is `announced`
-- or `ended`.
alter table notification
  alter column alert drop not null,
  add column silence bigint references silence on delete cascade,
  add constraint notification_subject check ((alert is null) <> (silence is null));
create unique index notification_by_silence on notification (silence, channel, kind)
  where silence is not null;
