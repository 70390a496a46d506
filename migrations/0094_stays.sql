-- Why a release with harm was not rolled back, so that a person is notified.
alter table deployment add stays text;
alter table deployment add stays_since timestamptz;
