-- Which devices are near one another: pairs within five kilometres, and how far apart (great circle)?
with placed as (
    select device_id, lat, lon, radians(lat) as phi, radians(lon) as lambda
    from gold.dim_device where is_current and lat is not null and lon is not null
)
select a.device_id as one, b.device_id as other,
    round(6371.0 * 2 * asin(sqrt(
        pow(sin((b.phi - a.phi) / 2), 2) + cos(a.phi) * cos(b.phi) * pow(sin((b.lambda - a.lambda) / 2), 2)
    )), 3) as km
from placed a
join placed b on a.device_id < b.device_id
where km <= 5
order by km, one, other;
