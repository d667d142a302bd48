-- builds:  scored, the rows of gold.quality_score for these counters
-- from:    counters, weights (a column a part, one row), bands (good, warning)
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
weighed as (
    select
        p.*,
        coalesce(w.completeness * p.completeness, 0)
        + coalesce(w.validity * p.validity, 0)
        + coalesce(w.uniqueness * p.uniqueness, 0)
        + coalesce(w.timeliness * p.timeliness, 0)
        + coalesce(w.consistency * p.consistency, 0) as points,
        if(p.completeness is null, 0, w.completeness)
        + if(p.validity is null, 0, w.validity)
        + if(p.uniqueness is null, 0, w.uniqueness)
        + if(p.timeliness is null, 0, w.timeliness)
        + if(p.consistency is null, 0, w.consistency) as weight
    from parted p
    cross join weights w
),
scores as (
    select * exclude (points, weight), 100 * points / nullif(weight, 0) as score from weighed
)
select
    s.*,
    case
        when s.score > b.good then 'good'
        when s.score >= b.warning then 'warning'
        when s.score is not null then 'critical'
        else 'unknown'
    end as band
from scores s
cross join bands b
