-- The functions that emit an event take its version from the caller, whose declaration of the event
-- (src/contract/server/events.ts) is the only source of it. A server that was started before this
-- migration passes none: version 0.1.0 is the one that it emits.

drop function claim_workflows(text, text, int, int);
drop function begin_step(text, int, text, int);
drop function end_workflow(text, int, text, json, text);

-- Assigns the workflows of one definition to a replica: those of dead replicas, those to be
-- cancelled, and as many queued ones as it has slots. Replicas are compared by name before the rows
-- are locked: a living replica that registered after this statement began must not look dead.
create function claim_workflows(
  _replica text, _name text, _version int, _slots int, _event_version text default '0.1.0'
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
    select id, owner, 1 as part from workflow
    where state = 'running' and (owner is null or owner = any (_dead)) and name = _name
      and (version is null or version <= _version)
    for no key update skip locked
  loop
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

-- Records that a step begins, and returns the number of its attempt. The same try, sent again after
-- a lost answer, is the same attempt.
create function begin_step(
  _workflow text, _epoch int, _name text, _try int, _event_version text default '0.1.0'
) returns int language plpgsql as $$
declare
  _row workflow := fence(_workflow, _epoch);
  _step workflow_step;
begin
  insert into workflow_step as s (workflow, name, epoch, try, attempt)
  values (_workflow, _name, _epoch, _try, 1)
  on conflict (workflow, name) do update set epoch = _epoch, try = _try, flushes = 0, began = now(),
    attempt = case when s.epoch = _epoch and s.try = _try then s.attempt else s.attempt + 1 end
  returning * into _step;
  if _step.ended is not null then
    raise exception '% has ended', _name using errcode = 'FL002';
  end if;
  if _step.attempt > 1 then
    perform append_event('dev.cdeventsx.fairlead-step.repeated', _event_version,
      'workflow/' || _workflow || '/' || _name, _row.chain, null, 'fairlead',
      jsonb_build_object(
        'name', _row.name, 'step', _name, 'attempt', _step.attempt, 'epoch', _epoch));
  end if;
  return _step.attempt;
end $$;

-- Ends a workflow, frees its locks and removes it from the queues of others.
create function end_workflow(
  _workflow text, _epoch int, _state text, _output json, _reason text,
  _event_version text default '0.1.0'
) returns void language plpgsql as $$
declare _row workflow := fence(_workflow, _epoch);
begin
  update workflow
  set state = _state, output = _output, reason = _reason, owner = null, ended = clock_timestamp()
  where id = _workflow;
  update workflow_step set ended = clock_timestamp(), outcome = 'cancelled'
  where workflow = _workflow and ended is null;
  perform free_locks(_workflow);
  if _state = 'broken' then
    perform append_event('dev.cdeventsx.fairlead-workflow.broken', _event_version,
      'workflow/' || _workflow, _row.chain, null, 'fairlead',
      jsonb_build_object('name', _row.name, 'reason', _reason));
  end if;
  perform pg_notify('fairlead_workflow', 'ended ' || _workflow);
end $$;
