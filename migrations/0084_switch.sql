-- How the switches of fairlead.yaml are set in environments. What they are comes with the release.
create table switch (
  app text not null references app (name) on delete cascade,
  environment text not null,
  name text not null,
  version int not null,              -- null is refused: somebody else has changed the switch
  setting jsonb,                     -- null: the default of the file
  reason text not null default '',
  actor text not null,
  changed timestamptz not null default now(),
  pulled_by text,                    -- the monitor that turned it off; null: a person set it last
  -- The harms that it was turned off for. A person may turn it on while the harm goes on.
  pulled_for text[] not null default '{}',
  primary key (app, environment, name)
);
