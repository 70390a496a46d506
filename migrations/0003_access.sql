-- Who may come in. Only hashes are stored: a stolen database opens no door.

create table token (
  id text primary key,
  hash text not null unique,       -- SHA-256 of the secret, in hex
  name text not null,
  role text not null,
  created timestamptz not null default now(),
  used timestamptz,
  expires timestamptz
);

create table link (
  hash text primary key,
  name text not null,
  role text not null,
  expires timestamptz not null
);

create table session (
  hash text primary key,
  name text not null,
  role text not null,
  created timestamptz not null default now(),
  expires timestamptz not null
);
