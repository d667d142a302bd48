-- Late data fetches back only the devices that it concerns of days that only the lake has.

create table ops.thawed (
    "kind" VARCHAR not null,
    "day" DATE not null,
    "device_id" VARCHAR not null
);
