-- The code of a run may not be measurable: then there is no report, and the reason is stored.
alter table code alter column report drop not null;
alter table code add column problem text;
alter table code add check (report is not null or problem is not null);
