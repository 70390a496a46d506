-- A session has two halves: the cookie, which browsers also send to other ports of the host, and a
-- key that the console keeps for its own origin. Sessions without a key end.
delete from session;
alter table session add column key_hash text not null;
