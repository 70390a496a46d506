-- The places in external stores that the secrets of an app may be read from.
create table secret_prefix (
  app text not null references app (name) on delete cascade,
  prefix text not null,            -- KIND:START, such as vault:secret/data/shop
  actor text not null,
  created timestamptz not null default now(),
  primary key (app, prefix)
);
-- References that exist stay allowed, those of earlier versions included, so that a rollback works.
insert into secret_prefix (app, prefix, actor)
  select distinct app, substr(s.value, 6), 'fairlead'
  from configuration, jsonb_each_text(secrets) s where s.value like 'from:%';
