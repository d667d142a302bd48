-- builds:  temp table changed_alerts
-- from:    arriving_alerts (staged from the store of alerts), gold.alerts
-- grain:   one row per alert that is new or differs from what gold.alerts has of it

create or replace temp table changed_alerts as
select * from arriving_alerts
except
select * from gold.alerts
