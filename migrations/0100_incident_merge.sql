-- The incident that this one was merged into; it is closed then.
alter table incident add column merged_into bigint references incident on delete set null;
create index incident_merged on incident (merged_into) where merged_into is not null;
