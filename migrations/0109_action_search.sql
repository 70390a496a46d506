-- Until when an action's results were searched for the first failure of its proof.
alter table review_action add column searched timestamptz;
create index pipeline_run_by_ended on pipeline_run (app, ended) where ended is not null;
