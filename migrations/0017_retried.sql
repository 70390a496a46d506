-- A test that its own runner ran again: it failed first and passed then.
alter table test_result add column retried boolean not null default false;
