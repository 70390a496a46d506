-- Whether the target may hold more of the environment than data: false after a deployment to another
-- target has removed everything else.
alter table environment_target add column holds boolean not null default true;
