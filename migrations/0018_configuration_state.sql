-- A configuration that people or a calendar have a say in is stored when it is set, and in force when it may begin.
alter table configuration add column state text not null default 'in_force'; -- waiting, in_force, refused
