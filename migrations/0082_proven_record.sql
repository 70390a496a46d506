-- A release that replaces an unproven one is also compared with the last proven release.
alter table watch add record json; -- release number, counts and time of the last proven release
