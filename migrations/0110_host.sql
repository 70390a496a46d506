-- The machines that run services, besides that of the server. They are reached over SSH.
create table host (
  name text primary key,
  destination text not null,         -- what SSH connects to
  address text not null,             -- in the URLs of its environments
  host_key text not null,            -- the pinned key of its SSH server
  labels jsonb not null,
  folder text not null,              -- of the host, on its machine
  settings jsonb not null,           -- variables of the host
  package text not null,             -- the version that is to be installed there
  added timestamptz not null default now()
);
