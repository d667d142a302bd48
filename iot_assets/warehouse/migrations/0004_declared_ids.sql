-- What messages call themselves, so that one that comes again is known by it.

alter table silver.readings add column "declared_id" VARCHAR;

alter table silver.corrections add column "declared_id" VARCHAR;
