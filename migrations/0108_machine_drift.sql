-- Differences of machines, as check mode of Ansible has shown.
alter table drift
  alter column at_restart drop not null,   -- null: not known
  add column machine text,                 -- null for a difference of the release
  add column object text,                  -- what the task would change
  add column place text,                   -- file and line of the task
  add column diff text;                    -- never the value of a secret

alter table machine
  add column repeating json;               -- tasks that report a change at every run
