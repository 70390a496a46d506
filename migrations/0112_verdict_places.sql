-- How many counts of each host are stored, for a canary on several hosts; `place` is their sum.
alter table verdict add column places json;
