select
    (select count(*) from gold.device_status where state = 'online') as devices_online,
    (select count(*) from gold.device_status where state = 'late') as devices_late,
    (select count(*) from gold.device_status where state = 'offline') as devices_offline,
    (select max_by(score, day) from gold.quality_score where scope = 'fleet') as quality_score
