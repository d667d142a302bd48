select name as device_id, score, band
from gold.quality_score
where scope = 'device' and day = (select max(day) from gold.quality_score)
