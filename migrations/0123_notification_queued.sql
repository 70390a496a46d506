-- When a message was queued: one that waits for a full channel goes to another one in the end.
alter table notification add column queued timestamptz not null default now();
