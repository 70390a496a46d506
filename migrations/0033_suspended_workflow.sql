-- A workflow that is under way at three crashes of its process is suspended, so that it cannot stop
-- the server for ever. A person continues or cancels it.

-- The replicas that died while a step was open, since the last step that ended.
alter table workflow add column crashes text[] not null default '{}';
create index workflow_crashes on workflow using gin (crashes) where crashes <> '{}';
create index workflow_suspended on workflow (id) where state = 'suspended';

-- The names that the process of this replica had before. A replica that lost its lease while it was
-- frozen, or without a database, registers under a new name: its process did not crash.
alter table replica add column former text[] not null default '{}';

-- Ends a workflow, frees its locks and removes it from the queues of others.
create function close_workflow(_workflow text, _state text, _output json, _reason text)
returns void language plpgsql as $$
begin
  update workflow
  set state = _state, output = _output, reason = _reason, owner = null, crashes = '{}',
    ended = clock_timestamp()
  where id = _workflow;
  update workflow_step set ended = clock_timestamp(), outcome = 'cancelled'
  where workflow = _workflow and ended is null;
  perform free_locks(_workflow);
  perform pg_notify('fairlead_workflow', 'ended ' || _workflow);
end $$;

create or replace function end_workflow(
  _workflow text, _epoch int, _state text, _output json, _reason text,
  _event_version text default '0.1.0'
) returns void language plpgsql as $$
declare _row workflow := fence(_workflow, _epoch);
begin
  if _state = 'broken' then
    perform append_event('dev.cdeventsx.fairlead-workflow.broken', _event_version,
      'workflow/' || _workflow, _row.chain, null, 'fairlead',
      jsonb_build_object('name', _row.name, 'reason', _reason));
  end if;
  perform close_workflow(_workflow, _state, _output, _reason);
end $$;

create or replace function end_step(
  _workflow text, _epoch int, _name text, _outcome text, _result json, _reason text
) returns void language plpgsql as $$
begin
  perform fence(_workflow, _epoch);
  update workflow_step
  set ended = clock_timestamp(), outcome = _outcome, result = _result, reason = _reason
  where workflow = _workflow and name = _name and ended is null;
  if not found then raise exception '% has ended', _name using errcode = 'FL002'; end if;
  update workflow set crashes = '{}' where id = _workflow and crashes <> '{}';
end $$;

-- Counts the death of the owner as a crash if a step was open. At the third crash, suspends the
-- workflow, or ends it if it is to be cancelled, and returns true: it must not be claimed.
create function stop_crashing(_id text, _owner text, _event_version text)
returns boolean language plpgsql as $$
declare
  _row workflow;
  _steps text[];
begin
  if exists (select from replica where _owner = any (former)) then return false; end if;
  select array_agg(name order by name) into _steps from workflow_step
  where workflow = _id and ended is null;
  if _steps is null then return false; end if;
  update workflow set crashes = crashes || _owner where id = _id returning * into _row;
  if cardinality(_row.crashes) < 3 then return false; end if;
  if _row.cancel then
    perform close_workflow(_id, 'cancelled', null, 'it was cancelled');
    return true;
  end if;
  update workflow set state = 'suspended', owner = null, epoch = epoch + 1,
    reason = 'the server crashed ' || cardinality(crashes) || ' times while it ran '
      || array_to_string(_steps, ', ')
  where id = _id;
  perform append_event('dev.cdeventsx.fairlead-workflow.suspended', _event_version,
    'workflow/' || _id, _row.chain, app_of_chain(_row.chain), 'fairlead',
    jsonb_build_object(
      'name', _row.name, 'steps', to_jsonb(_steps), 'crashes', cardinality(_row.crashes)));
  return true;
end $$;

create function app_of_chain(_chain text) returns text language sql stable as $$
  select app from event where chain = _chain and app is not null order by id limit 1
$$;

drop function claim_workflows(text, text, int, int, text);

-- Assigns the workflows of one definition to a replica: those of dead replicas, those to be
-- cancelled, and as many queued ones as it has slots. Replicas are compared by name before the rows
-- are locked: a living replica that registered after this statement began must not look dead.
create function claim_workflows(
  _replica text, _name text, _version int, _slots int, _event_version text default '0.1.0',
  _suspended_version text default '0.1.0'
)
returns setof workflow language plpgsql as $$
declare
  _dead text[];
  _row record;
begin
  perform 1 from replica where id = _replica for share;
  if not found then raise exception '% is not registered', _replica using errcode = 'FL003'; end if;
  select coalesce(array_agg(distinct w.owner), '{}') into _dead from workflow w
  where w.state = 'running' and w.owner is not null
    and not exists (select from replica r where r.id = w.owner);
  for _row in
    select id, owner from workflow
    where state = 'running' and (owner is null or owner = any (_dead)) and name = _name
      and (version is null or version <= _version)
    for no key update skip locked
  loop
    if _row.owner is not null then
      continue when stop_crashing(_row.id, _row.owner, _suspended_version);
    end if;
    return next take(_row.id, _replica, _version);
    if _row.owner is not null then
      perform append_event('dev.cdeventsx.fairlead-workflow.takenover', _event_version,
        'workflow/' || w.id, w.chain, null, 'fairlead',
        jsonb_build_object('name', w.name, 'from', _row.owner, 'by', _replica, 'epoch', w.epoch))
      from workflow w where w.id = _row.id;
    end if;
  end loop;
  for _row in
    select id from workflow where state = 'queued' and name = _name and cancel
    order by number limit 100 for no key update skip locked
  loop
    return next take(_row.id, _replica, _version);
  end loop;
  for _row in
    select id from workflow where state = 'queued' and name = _name
    order by number limit _slots for no key update skip locked
  loop
    return next take(_row.id, _replica, _version);
  end loop;
end $$;

-- Returns whether the workflow was suspended. Any replica may claim it now.
create function continue_workflow(_id text) returns boolean language plpgsql as $$
declare _name text;
begin
  update workflow set state = 'running', reason = null, crashes = '{}'
  where id = _id and state = 'suspended' returning name into _name;
  if _name is null then return false; end if;
  perform pg_notify('fairlead_workflow', 'queued ' || _name);
  return true;
end $$;

-- Removes replicas that turned out to be alive from the crashes of workflows, and continues the
-- workflows that were suspended because of them.
create function retract_crashes(_replicas text[], _event_version text)
returns void language plpgsql as $$
declare _row workflow;
begin
  for _row in
    update workflow set crashes = array(select c from unnest(crashes) c where c <> all (_replicas))
    where crashes && _replicas and crashes <> '{}' returning *
  loop
    if _row.state = 'suspended' and continue_workflow(_row.id) then
      perform append_event('dev.cdeventsx.fairlead-workflow.continued', _event_version,
        'workflow/' || _row.id, _row.chain, app_of_chain(_row.chain), 'fairlead',
        jsonb_build_object('name', _row.name));
    end if;
  end loop;
end $$;

-- A suspended workflow ends at once, without running.
create or replace function cancel_workflow(_id text) returns boolean language plpgsql as $$
declare _state text;
begin
  update workflow set cancel = true where id = _id and ended is null returning state into _state;
  if _state = 'suspended' then
    perform close_workflow(_id, 'cancelled', null, 'it was cancelled while it was suspended');
  elsif _state is not null then
    perform pg_notify('fairlead_workflow', 'cancel ' || _id);
  end if;
  return _state is not null;
end $$;
