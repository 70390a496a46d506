-- A key that may have been stolen: what it signed no longer counts.
alter table signing_key
  add column revoked timestamptz,
  add column reason text;

-- The people whom the git remote or a forge names for a commit: [{"name", "email", "isPusher"}].
alter table change add column people jsonb not null default '[]';
-- The commit on the branch that a merge made.
alter table pull_request add column merged_as text;
