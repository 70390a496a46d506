-- Whether only pull requests have built an artifact so far. It then counts for nothing among an app's newest artifacts.
alter table artifact add column from_pull_request boolean not null default false;
update artifact set from_pull_request = true where exists (
  select from pipeline_run r where r.id = artifact.run and r.pull_request is not null);
