-- Metrics of apps are series, too. `labels` is null for what Fairlead measures itself, so that an
-- app may have a metric with the same name.
alter table signal add column labels text,     -- such as `kind="a",queue="mail"`, sorted by name
  add column unit text not null default '';    -- of a metric of an app
alter table signal
  drop constraint signal_app_environment_service_release_instance_name_key,
  add unique nulls not distinct (app, environment, service, release, instance, name, labels);
