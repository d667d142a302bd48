"""The live tail: what has landed, or lies in a lander's spool, and is in no publication yet, decoded and settled.

Belongs here: finding and reading it, settling it beside a publication, telling those who listen. Does not: decoding
(``decoders``), which reading holds (``warehouse/settle.py``): both are the code of the runs, so that a reading is the
same before and after a run takes it over.
"""
