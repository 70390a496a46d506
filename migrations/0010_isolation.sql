-- What kept the last attempt of a step from what is not its own, in words.
alter table step add column isolation text;
