select table_name, check_name, passed, severity, failing, checked_at, run_id, sample
from gold.quality_log
qualify row_number() over (partition by table_name, check_name order by checked_at desc) = 1
order by passed, severity, table_name, check_name
