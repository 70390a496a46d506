-- Detectors know the seconds of several hosts: by host, {run, next} of the last one.
alter table detector add column places jsonb not null default '{}';
update detector set places =
  jsonb_build_object('local', jsonb_build_object('run', run, 'next', next));
alter table detector drop column run, drop column next;
