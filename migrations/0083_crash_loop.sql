-- A crash loop is not an incident: an incident is harm that customers feel.
alter table incident rename to crash_loop;
alter index incident_pkey rename to crash_loop_pkey;
alter index incident_open rename to crash_loop_open;
alter sequence incident_id_seq rename to crash_loop_id_seq;
update alert_source set source = 'crash-loop/' || split_part(source, '/', 2)
  where source like 'incident/%';
