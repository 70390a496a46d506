-- Events of a period are found without reading the whole log.
create index event_time on event (time);
