-- builds:  macros: the minute, hour and day (UTC) that an instant lies in
-- from:    nothing; made on each connection that writes
-- date_trunc and casts of TIMESTAMPTZ ask the calendar of a time zone: 300 ns a value, and these 10. They hold
-- from 1970 on, and nothing here is older.
create or replace temp macro minute_of(instant) as make_timestamptz(epoch_us(instant) // 60000000 * 60000000);
create or replace temp macro hour_of(instant) as make_timestamptz(epoch_us(instant) // 3600000000 * 3600000000);
create or replace temp macro day_of(instant) as make_timestamptz(epoch_us(instant) // 86400000000 * 86400000000);
create or replace temp macro date_of(instant) as date '1970-01-01' + (epoch_us(instant) // 86400000000)::integer;
