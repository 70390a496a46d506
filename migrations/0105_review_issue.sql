-- The issue of an action at the Git provider of its app. It outlives its action until it is closed.
create table review_issue (
  action bigint primary key,
  review bigint not null,
  app text not null references app on delete cascade,
  key uuid not null default gen_random_uuid(), -- is in the issue, to find one that was not recorded
  requested timestamptz not null,
  place text,                        -- kind, address and repository that it is in; null until then
  number bigint,                     -- at the Git provider
  url text,
  told jsonb,                        -- what it says of the action
  removed text,                      -- why the action was removed
  looked timestamptz,                -- when its state was last read
  problem text                       -- why the Git provider refused the last change
);
create index review_issue_by_app on review_issue (app);
