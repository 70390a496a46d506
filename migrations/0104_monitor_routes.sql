-- The routes whose requests fail, if not all of the service do.
alter table monitor add column routes text[] not null default '{}';
