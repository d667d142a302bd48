-- By which code the rows of each landed day were made.
create table ops.made_by (
    landed_on date not null,
    part varchar not null,
    version varchar not null
);
