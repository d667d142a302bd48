"""Health: figures, troubles and examinations, on real houses."""
