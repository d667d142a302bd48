select alert_id, cause, about, severity, summary, "count", since_at, acknowledged_by
from gold.alerts
where state = 'open'
order by list_position(['critical', 'warning', 'info'], severity), since_at
