-- builds:  scored, the rows of gold.quality_score for these counters
-- from:    counters, weights (part, weight), bands (good, warning)
-- A part is a share from 0 to 1, null where there is nothing to tell it from; it then has no weight.
create or replace temp table scored as
with parted as (
    select
        *,
        met / nullif(expected, 0) as completeness,
        "valid" / nullif(received + rejected, 0) as validity,
        received / nullif(received + duplicates, 0) as uniqueness,
        1 - late / nullif(received, 0) as timeliness,
        1 - inconsistent / nullif(received, 0) as consistency
    from counters
),
shares as (
    from (unpivot parted on completeness, validity, uniqueness, timeliness, consistency into name part value share)
),
scores as (
    select day, scope, name, 100 * sum(weight * share) / nullif(sum(weight), 0) as score
    from shares
    join weights using (part)
    group by all
)
select
    p.*,
    s.score,
    case
        when s.score > b.good then 'good'
        when s.score >= b.warning then 'warning'
        when s.score is not null then 'critical'
        else 'unknown'
    end as band
from parted p
left join scores s using (day, scope, name)
cross join bands b
