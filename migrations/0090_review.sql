-- What was learned from an incident. Its facts stay with the incident.
create table review (
  incident bigint primary key references incident on delete cascade,
  kinds text[] not null default '{}', -- of what fired; outlive the alerts, to know the incident again
  version int not null default 1,     -- null is refused: somebody else has changed the review
  sections jsonb not null default '{}',
  begun timestamptz not null,
  begun_by text not null,
  edited timestamptz,
  edited_by text,
  audience text not null default 'draft' check (audience in ('draft', 'inside', 'outside')),
  published timestamptz,
  published_by text,
  outside text                        -- the Markdown that the public may read
);

-- Something to do, which only its proof closes.
create table review_action (
  id bigint generated always as identity primary key,
  review bigint not null references review on delete cascade,
  title text not null,
  owner text not null,
  due date not null,
  proof jsonb not null,
  state text not null default 'open' check (state in ('open', 'proven', 'unknown')),
  reason text not null default '',
  since timestamptz not null,
  failed timestamptz                  -- when its proof was first seen to fail since the incident began
);
create index review_action_by_review on review_action (review);
create index review_action_by_owner on review_action (lower(owner)) where state <> 'proven';
