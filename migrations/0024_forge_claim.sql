-- Increases with each claim, so that a replica that was replaced cannot extend or release the claim.
alter table forge add column claim bigint not null default 0;
