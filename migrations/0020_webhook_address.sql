alter table webhook_delivery add column address text; -- where it came from
