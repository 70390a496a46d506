-- The servers that stopped without an orderly end, until one of the same machine registers.
create table lost_replica (
  name text primary key,     -- the machine of the server
  lost timestamptz not null  -- when its lease expired
);

-- Renews the lease, and removes the replicas whose lease has expired. They are noted, so that the
-- servers that are left can report it.
create or replace function beat(_replica text, _lease interval) returns void language plpgsql as $$
begin
  update replica set lease = clock_timestamp() + _lease where id = _replica;
  if not found then raise exception '% is not registered', _replica using errcode = 'FL003'; end if;
  with gone as (
    delete from replica where id in (
      select id from replica where lease < clock_timestamp() and id <> _replica
      for update skip locked)
    returning id, lease
  )
  insert into lost_replica (name, lost)
  select split_part(id, '/', 1), max(lease) from gone group by 1
  on conflict (name) do update set lost = excluded.lost;
end $$;
