-- One of several hosts of an environment: the one that a person asked for until the run starts, then
-- the one that has it. Null where there is no choice.
alter table job_run add column host text;
