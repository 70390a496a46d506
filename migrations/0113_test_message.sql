-- A test message has neither an alert nor a silence. Its kind is `test`.
alter table notification
  drop constraint notification_subject,
  add constraint notification_subject check (num_nonnulls(alert, silence) = (kind <> 'test')::int);
