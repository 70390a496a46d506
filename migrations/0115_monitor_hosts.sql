-- What each host of `from` says of a monitor: {host, state, reason}. Empty without `from`.
alter table monitor add hosts jsonb not null default '[]';
