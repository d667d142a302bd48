-- What messages call themselves, so that one that comes again is known by it; and whether a route keeps all values of
-- one time.

alter table silver.readings add column "declared_id" VARCHAR;

alter table silver.readings add column "keep_all" BOOLEAN;

alter table silver.corrections add column "declared_id" VARCHAR;

alter table silver.corrections add column "keep_all" BOOLEAN;
