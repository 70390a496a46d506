-- Whether the newest run of the branch has the environment in its fairlead.yaml. True for previews.
alter table environment add column is_in_file boolean not null default true;
