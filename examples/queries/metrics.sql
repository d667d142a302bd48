-- Which metrics are measured, in which units, by how many devices, and how often?
select d.metric, string_agg(distinct l.unit, ', ' order by l.unit) as units, count(distinct d.device_id) as devices,
    sum(d.n)::bigint as readings, min(d."min") as least, max(d."max") as greatest
from gold.readings_1d d
left join gold.latest l using (device_id, metric)
group by all
order by readings desc, d.metric;
