-- The environments whose edge answers with the maintenance page.
create table maintenance (
  app text not null references app (name) on delete cascade,
  environment text not null,
  reason text not null,
  actor text not null,
  since timestamptz not null default now(),
  until timestamptz,                 -- null: a person ends it
  primary key (app, environment)
);
