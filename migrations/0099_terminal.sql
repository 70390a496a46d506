-- The size and the type of the terminal of a command of a person; null without a terminal.
alter table job_run add terminal json;
