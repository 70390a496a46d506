-- Whether the restore of the backup before a command has worked on a copy of the data.
alter table before_command add restore json;
