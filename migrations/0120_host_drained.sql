-- A host that was drained gets no release, and keeps none of several hosts, until it is undrained.
alter table host add column drained timestamptz;
