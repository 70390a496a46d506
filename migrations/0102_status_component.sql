-- A component of the status page can be a part of an app: a service, a route or monitors.
alter table status_component
  add column component text not null default '',  -- its key in fairlead.yaml; empty: the whole app
  drop constraint status_component_pkey,
  add primary key (app, environment, component);
