-- A draft about an incident that the component does not show waits for a person, without a time.
alter table status_update
  drop constraint status_update_check,
  add constraint status_update_due check (due is null or state = 'draft');
-- An update is deleted with its incident, and its deliveries with it.
create index status_delivery_by_update on status_delivery (status_update);
