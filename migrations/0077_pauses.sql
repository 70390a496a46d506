-- What a deployment did to the services that never run twice at once, and how long clients waited.
alter table deployment add column pauses json;
