-- The event log, durable workflows and their locks. Why it is so: docs/decisions/0003-durable-engine.md.
-- SQLSTATE FL001: the epoch is stale. FL002: this was recorded before. FL003: the replica is not registered (any more).

create table event (
  id bigint generated always as identity primary key,
  time timestamptz not null default clock_timestamp(),
  type text not null,
  version text not null,
  subject text not null,
  chain text not null,
  app text,
  actor text not null,
  data jsonb not null
);
create index event_by_type on event (type, id);
create index event_by_chain on event (chain, id);
create index event_by_app on event (app, id);
create index event_by_app_type on event (app, type, id);

-- Ids are drawn before the commit, so a higher one can be visible first. A writer therefore holds, until it has committed,
-- a shared advisory lock whose key says "all my ids are above this"; readers stop at the lowest such key.
create function last_event() returns bigint language sql volatile as $$
  select case when is_called then last_value else 0 end from event_id_seq
$$;

create function append_event(_type text, _version text, _subject text, _chain text, _app text, _actor text, _data jsonb)
returns void language plpgsql as $$
begin
  if coalesce(current_setting('fairlead.appends', true), '') = '' then
    perform pg_advisory_xact_lock_shared((4401::bigint << 40) | last_event());
    perform set_config('fairlead.appends', 'yes', true);
    perform pg_notify('fairlead_event', '');
  end if;
  insert into event (type, version, subject, chain, app, actor, data)
  values (_type, _version, _subject, _chain, _app, _actor, _data);
end $$;

-- The id up to which no event can appear any more. Waits a moment for writers under way, so that whoever reads after a
-- commit sees what was committed.
create function event_horizon() returns bigint language plpgsql volatile as $$
declare
  _last bigint := last_event();
  _open bigint;
begin
  for i in 1..50 loop
    select min(((classid::bigint & 255) << 32) | objid::bigint) into _open from pg_locks
    where locktype = 'advisory' and objsubid = 1 and classid::bigint >> 8 = 4401 and granted
      and database = (select oid from pg_database where datname = current_database());
    exit when _open is null or _open >= _last;
    perform pg_sleep(0.002);
  end loop;
  return least(_last, coalesce(_open, _last));
end $$;

-- A server that runs workflows. It is alive while its lease has not lapsed; a lapsed one is deleted and never comes back.
create table replica (
  id text primary key,
  lease timestamptz not null
);

create table workflow (
  id text primary key,
  name text not null,
  version int,                     -- of the definition it began with
  chain text not null,
  input json not null,             -- json, not jsonb: the order of keys is part of a value
  state text not null default 'queued',
  output json,
  reason text,
  owner text,                      -- the replica that runs it, or did until it died
  epoch int not null default 0,
  cancel boolean not null default false,
  number bigint generated always as identity,
  created timestamptz not null default now(),
  started timestamptz,
  ended timestamptz,
  steps_kept boolean not null default true
);
create index workflow_queued on workflow (name, number) where state = 'queued';
create index workflow_running on workflow (owner) where state = 'running';
create index workflow_ended on workflow (ended) where ended is not null and steps_kept;

create table workflow_step (
  workflow text not null,
  name text not null,
  epoch int not null,              -- in which it began last
  try int not null,                -- of that epoch
  attempt int not null,            -- of all epochs
  flushes int not null default 0,  -- of this attempt
  began timestamptz not null default now(),
  ended timestamptz,
  outcome text,                    -- passed, failed, broken, cancelled
  result json,
  reason text,
  primary key (workflow, name)
);

create table lock (
  name text not null,
  workflow text not null,
  rank double precision not null,
  number bigint generated always as identity,
  held boolean not null default false,
  primary key (name, workflow)
);
create unique index lock_held on lock (name) where held;
create index lock_waiting on lock (name, rank desc, number) where not held;
create index lock_by_workflow on lock (workflow);

create function start_workflow(_id text, _name text, _chain text, _input json) returns void language plpgsql as $$
begin
  insert into workflow (id, name, chain, input) values (_id, _name, _chain, _input) on conflict do nothing;
  if found then perform pg_notify('fairlead_workflow', 'queued ' || _name); end if;
end $$;

-- The fence: from here to the end of the transaction nobody can take the workflow over, and the owner is the caller.
create function fence(_workflow text, _epoch int) returns workflow language plpgsql as $$
declare _row workflow;
begin
  perform set_config('statement_timeout', '1500', true);
  select * into _row from workflow where id = _workflow for no key update;
  if _row.epoch is distinct from _epoch then raise exception 'the lease of % is lost', _workflow using errcode = 'FL001'; end if;
  if _row.state <> 'running' then raise exception '% has ended', _workflow using errcode = 'FL002'; end if;
  return _row;
end $$;

-- Renews a replica's lease and deletes those that lapsed.
create function beat(_replica text, _lease interval) returns void language plpgsql as $$
begin
  update replica set lease = clock_timestamp() + _lease where id = _replica;
  if not found then raise exception '% is not registered', _replica using errcode = 'FL003'; end if;
  delete from replica where id in (
    select id from replica where lease < clock_timestamp() and id <> _replica for update skip locked);
end $$;

-- Gives a replica what it may run of one definition: what dead replicas left, what is to be cancelled, and as many of the
-- queued as it has slots. Replicas are compared by name before the rows are locked: a living one that registered after this
-- statement began must not look dead.
create function claim_workflows(_replica text, _name text, _version int, _slots int)
returns setof workflow language plpgsql as $$
declare
  _dead text[];
  _row record;
begin
  perform 1 from replica where id = _replica for share;
  if not found then raise exception '% is not registered', _replica using errcode = 'FL003'; end if;
  select coalesce(array_agg(distinct w.owner), '{}') into _dead from workflow w
  where w.state = 'running' and w.owner is not null and not exists (select from replica r where r.id = w.owner);
  for _row in
    select id, owner, 1 as part from workflow
    where state = 'running' and (owner is null or owner = any (_dead)) and name = _name and (version is null or version <= _version)
    for no key update skip locked
  loop
    return next take(_row.id, _replica, _version);
    if _row.owner is not null then
      perform append_event('dev.cdeventsx.fairlead-workflow.takenover', '0.1.0', 'workflow/' || w.id, w.chain, null, 'fairlead',
        jsonb_build_object('name', w.name, 'from', _row.owner, 'by', _replica, 'epoch', w.epoch)) from workflow w where w.id = _row.id;
    end if;
  end loop;
  for _row in
    select id from workflow where state = 'queued' and name = _name and cancel order by number limit 100 for no key update skip locked
  loop
    return next take(_row.id, _replica, _version);
  end loop;
  for _row in
    select id from workflow where state = 'queued' and name = _name order by number limit _slots for no key update skip locked
  loop
    return next take(_row.id, _replica, _version);
  end loop;
end $$;

create function take(_id text, _replica text, _version int) returns workflow language sql as $$
  update workflow set state = 'running', owner = _replica, epoch = epoch + 1, started = coalesce(started, clock_timestamp()),
    -- nothing that an older version recorded has to fit when there is nothing
    version = case when exists (select from workflow_step where workflow = _id) then version else _version end
  where id = _id returning *
$$;

-- Records that a step begins and answers which attempt it is. The same try asked again, after a lost answer, is the same attempt.
create function begin_step(_workflow text, _epoch int, _name text, _try int) returns int language plpgsql as $$
declare
  _row workflow := fence(_workflow, _epoch);
  _step workflow_step;
begin
  insert into workflow_step as s (workflow, name, epoch, try, attempt) values (_workflow, _name, _epoch, _try, 1)
  on conflict (workflow, name) do update set epoch = _epoch, try = _try, flushes = 0, began = now(),
    attempt = case when s.epoch = _epoch and s.try = _try then s.attempt else s.attempt + 1 end
  returning * into _step;
  if _step.ended is not null then raise exception '% has ended', _name using errcode = 'FL002'; end if;
  if _step.attempt > 1 then
    perform append_event('dev.cdeventsx.fairlead-step.repeated', '0.1.0', 'workflow/' || _workflow || '/' || _name, _row.chain, null, 'fairlead',
      jsonb_build_object('name', _row.name, 'step', _name, 'attempt', _step.attempt, 'epoch', _epoch));
  end if;
  return _step.attempt;
end $$;

create function flush_step(_workflow text, _epoch int, _name text, _flush int) returns void language plpgsql as $$
begin
  perform fence(_workflow, _epoch);
  update workflow_step set flushes = _flush where workflow = _workflow and name = _name and flushes < _flush;
  if not found then raise exception 'flush % of % is recorded', _flush, _name using errcode = 'FL002'; end if;
end $$;

create function end_step(_workflow text, _epoch int, _name text, _outcome text, _result json, _reason text)
returns void language plpgsql as $$
begin
  perform fence(_workflow, _epoch);
  update workflow_step set ended = clock_timestamp(), outcome = _outcome, result = _result, reason = _reason
  where workflow = _workflow and name = _name and ended is null;
  if not found then raise exception '% has ended', _name using errcode = 'FL002'; end if;
end $$;

-- Gives a free lock to the first in its queue. All changes to one lock go one after the other.
create function grant_lock(_name text) returns void language plpgsql as $$
declare _workflow text;
begin
  update lock set held = true where (name, workflow) = (
    select l.name, l.workflow from lock l where l.name = _name and not l.held
      and not exists (select from lock h where h.name = _name and h.held)
    order by l.rank desc, l.number limit 1)
  returning workflow into _workflow;
  if found then perform pg_notify('fairlead_workflow', 'locked ' || _workflow); end if;
end $$;

create function take_lock(_workflow text, _epoch int, _name text, _rank double precision) returns boolean language plpgsql as $$
begin
  perform fence(_workflow, _epoch);
  perform pg_advisory_xact_lock(4402, hashtext(_name));
  insert into lock (name, workflow, rank) values (_name, _workflow, _rank) on conflict do nothing;
  perform grant_lock(_name);
  return (select held from lock where name = _name and workflow = _workflow);
end $$;

create function free_locks(_workflow text, _only text default null) returns void language plpgsql as $$
declare _name text;
begin
  for _name in select name from lock where workflow = _workflow and (_only is null or name = _only) order by hashtext(name), name loop
    perform pg_advisory_xact_lock(4402, hashtext(_name));
    delete from lock where name = _name and workflow = _workflow;
    perform grant_lock(_name);
  end loop;
end $$;

-- Gives a lock back before the workflow ends, and records it as a step, so that a replay does not take it again.
create function free_lock(_workflow text, _epoch int, _name text, _step text) returns void language plpgsql as $$
begin
  perform fence(_workflow, _epoch);
  insert into workflow_step (workflow, name, epoch, try, attempt, ended, outcome)
  values (_workflow, _step, _epoch, 1, 1, clock_timestamp(), 'passed') on conflict do nothing;
  perform free_locks(_workflow, _name);
end $$;

-- Ends a workflow, frees its locks and its places in queues.
create function end_workflow(_workflow text, _epoch int, _state text, _output json, _reason text) returns void language plpgsql as $$
declare _row workflow := fence(_workflow, _epoch);
begin
  update workflow set state = _state, output = _output, reason = _reason, owner = null, ended = clock_timestamp() where id = _workflow;
  update workflow_step set ended = clock_timestamp(), outcome = 'cancelled' where workflow = _workflow and ended is null;
  perform free_locks(_workflow);
  if _state = 'broken' then
    perform append_event('dev.cdeventsx.fairlead-workflow.broken', '0.1.0', 'workflow/' || _workflow, _row.chain, null, 'fairlead',
      jsonb_build_object('name', _row.name, 'reason', _reason));
  end if;
  perform pg_notify('fairlead_workflow', 'ended ' || _workflow);
end $$;

-- Which of these definitions have something to claim.
create function claimable(_names text[]) returns text[] language sql stable as $$
  select coalesce(array_agg(n), '{}') from unnest(_names) n
  where exists (select from workflow where state = 'queued' and name = n)
    or exists (select from workflow w where w.state = 'running' and w.name = n
      and (w.owner is null or not exists (select from replica r where r.id = w.owner)))
$$;

-- A replica that closes gives back what it ran, so that others go on at once.
create function give_back(_replica text) returns void language plpgsql as $$
begin
  perform pg_notify('fairlead_workflow', 'queued ' || name) from workflow where owner = _replica and state = 'running';
  update workflow set owner = null where owner = _replica and state = 'running';
  delete from replica where id = _replica;
end $$;

create function cancel_workflow(_id text) returns boolean language plpgsql as $$
begin
  update workflow set cancel = true where id = _id and ended is null;
  if found then perform pg_notify('fairlead_workflow', 'cancel ' || _id); end if;
  return found;
end $$;
