-- People, what each may do, and where they are signed in.
create table "user" (
  id bigint generated always as identity primary key,
  name text not null,
  email text,
  issuer text,                     -- how they sign in: who of which OpenID provider; null before the first time, and for links
  subject text,
  role text,                       -- for everything; null for nothing but what user_role says
  groups text[] not null default '{}', -- of the provider, as of the last sign-in
  disabled timestamptz,
  created timestamptz not null default now(),
  seen timestamptz,
  unique (issuer, subject)
);
create unique index user_by_name on "user" (lower(name));
create unique index user_by_email on "user" (lower(email));

create table user_role (
  "user" bigint not null references "user" on delete cascade,
  app text not null references app on delete cascade,
  role text not null,
  primary key ("user", app)
);

-- A session is a user's: whoever was signed in before signs in again.
delete from session;
delete from link;
alter table link alter column role drop not null; -- null leaves the user what they have
alter table session
  drop column name,
  drop column role,
  add column id text not null unique,
  add column "user" bigint not null references "user" on delete cascade,
  add column way text not null,            -- link or provider
  add column address text,                 -- of its last use
  add column agent text,
  add column seen timestamptz not null default now();
create index session_by_user on session ("user");

-- Who a token acts for, and whose privileges it cannot exceed; null for this machine.
alter table token add column "user" bigint references "user" on delete cascade;
create index token_by_user on token ("user");

-- Answers of the provider that were taken once, until they are too old anyway.
create table sign_in (
  hash text primary key,
  expires timestamptz not null
);

-- By which credential the actor of an event was known, from where, and on whose behalf.
alter table event add column by jsonb;
create index event_by_actor on event (lower(actor), id);

drop function append_event(text, text, text, text, text, text, jsonb);
create function append_event(
  _type text, _version text, _subject text, _chain text, _app text, _actor text, _data jsonb, _by jsonb default null
) returns void language plpgsql as $$
begin
  if coalesce(current_setting('fairlead.appends', true), '') = '' then
    perform pg_advisory_xact_lock_shared((4401::bigint << 40) | last_event());
    perform set_config('fairlead.appends', 'yes', true);
    perform pg_notify('fairlead_event', '');
  end if;
  insert into event (type, version, subject, chain, app, actor, data, by)
  values (_type, _version, _subject, _chain, _app, _actor, _data, _by);
end $$;
