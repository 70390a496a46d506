alter table forge add column app_id text; -- of a GitHub App, whose private key the token then is
