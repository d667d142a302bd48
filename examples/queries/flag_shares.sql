-- Which share of the readings carries which flag?
select flag, count(*) as readings,
    round(100 * count(*) / (select count(*) from silver.readings), 3) as percent,
    count(distinct device_id) as devices
from (select device_id, unnest(if(len(flags) = 0, ['(none)'], flags)) as flag from silver.readings)
group by flag
order by readings desc, flag;
