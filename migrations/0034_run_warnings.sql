-- Sentences about what a run could not use as written, such as a pattern that matches no file.
alter table pipeline_run add column warnings jsonb not null default '[]';
