-- A subscription can be of single components, as APP/KEY. It gets the updates about these and about
-- `apps`; with both null, all updates.
alter table status_subscription add column components text[];
