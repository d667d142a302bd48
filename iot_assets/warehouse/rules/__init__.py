"""Rules: which readings break which, found anew whenever readings or rules change.

Belongs here: what is judged again and in which order (``judging``), each kind, the exchange of hits, quarantine. Does
not: how the settings declare rules (``sections/rules.py``), the verdicts themselves (``sql/rules``).
"""
