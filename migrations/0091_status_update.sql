-- What customers are told about an incident. A published update is never changed.
create table status_update (
  id bigint generated always as identity primary key,
  incident bigint not null references incident on delete cascade,
  occurrence int not null,   -- of the incident, when it was written
  state text not null check (state in ('draft', 'published', 'discarded')),
  phase text not null check (phase in ('investigating', 'identified', 'monitoring', 'resolved')),
  title text not null,
  text text not null,        -- Markdown
  author text not null,
  due timestamptz,           -- when a draft is published without a person
  published timestamptz,
  promised timestamptz,      -- when customers were promised the next update
  check ((state = 'draft') = (due is not null)),
  check ((state = 'published') = (published is not null))
);
create index status_update_by_incident on status_update (incident, id);
create unique index status_update_draft on status_update (incident) where state = 'draft';
