-- Whether the release with the traffic worked on a copy of the data after the command: its run, a
-- state and a reason. Null when that was not tried.
alter table before_command add column checked json;
