-- Changes outside of Fairlead that other tools report.
create table external_change (
  id bigint generated always as identity primary key,
  app text,
  environment text,
  service text,
  summary text not null,
  source text not null,
  link text,
  time timestamptz not null
);
create index external_change_by_time on external_change (time);
