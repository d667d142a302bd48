-- The newest event of all.
select max(event_at) as event_at from gold.latest
