-- What the registry contributed to a reading is kept apart from what its message said, so that a registry that is
-- processed late can put it right. Readings from before this migration say nothing of it: rebuild them to heal those too.

alter table silver.readings add column "from_registry" VARCHAR[] default [];
alter table silver.readings alter column "from_registry" set not null;
alter table silver.corrections add column "from_registry" VARCHAR[] default [];
alter table silver.corrections alter column "from_registry" set not null;
