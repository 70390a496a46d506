-- The folder of the server, with which the files and the host of an installation are. Null: unknown.
alter table replica add column home text;

-- Registers a replica, whose machine has a server again. Servers of two folders would deploy to two
-- hosts, so the second one is refused while the first one holds its lease. FL004: it is refused.
create function register_replica(_id text, _lease interval, _former text[], _home text) returns void
language plpgsql as $$
declare
  _other text;
begin
  -- Two servers that start at the same moment do so one after the other.
  perform pg_advisory_xact_lock(4401);
  select split_part(id, '/', 1) || ' (process ' || split_part(id, '/', 2) || ')' into _other
  from replica where home <> _home and lease > clock_timestamp() order by id limit 1;
  if found then
    raise exception 'A server on % uses this database with another FAIRLEAD_HOME. Start all servers '
      'of a database on one machine with the same FAIRLEAD_HOME, or give this one a database of '
      'its own', _other using errcode = 'FL004';
  end if;
  delete from lost_replica where name = split_part(_id, '/', 1);
  insert into replica (id, lease, former, home)
  values (_id, clock_timestamp() + _lease, _former, _home);
end $$;
