-- Status pages with host names of their own, and `default`, which exists without a row: a migration
-- adds no rows, so that a backup can be restored into a new installation.
create table status_page (
  name text primary key,
  title text not null default '',
  url text,                              -- null: a host name for readers on this machine
  apps text[] not null default '{}',     -- what it shows; all components if nothing is named
  groups text[] not null default '{}',
  components text[] not null default '{}',  -- APP/KEY
  theme jsonb,                           -- null: that of the installation
  password text,                         -- SHA-256; null for a page that everybody can read
  created timestamptz not null default now()
);
-- A subscription is for what one page shows.
alter table status_subscription add column page text not null default 'default';
create index status_subscription_by_page on status_subscription (page);
-- A page shows the updates that were published on it: others may name what it does not show.
alter table status_update add column pages text[] not null default '{default}';
