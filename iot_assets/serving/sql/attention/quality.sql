-- Today's scores that are not good, by scope and band: how many, and the worst of them.
select
    scope,
    band,
    count(*) as things,
    (list(coalesce(nullif(name, ''), scope) || ' (' || round(score, 1) || ')' order by score, name))[:$named] as named
from gold.quality_score
where day = (select max(day) from gold.quality_score) and band in ('warning', 'critical')
group by all
order by scope, band
