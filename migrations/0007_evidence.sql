create table signing_key (
  number bigint generated always as identity,
  id text primary key,             -- SHA-256 of the SubjectPublicKeyInfo
  public_key text not null,        -- PEM
  secret text not null,            -- encrypted with the installation's key
  created timestamptz not null default now(),
  retired timestamptz
);

-- Signed statements about artifacts.
create table evidence (
  id bigint generated always as identity primary key,
  app text not null references app (name) on delete cascade,
  run bigint not null,
  artifact text not null,
  kind text not null,
  environment text,
  predicate_type text not null,
  result text not null,
  manifest text not null,          -- digest in the OCI layout
  envelope json not null,
  created timestamptz not null default now(),
  unique nulls not distinct (artifact, run, kind, environment)
);
