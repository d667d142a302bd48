"""Every question that the outside may ask: one function each, its SQL in the file of the same name.

Belongs here: what is asked, as SQL over the published tables. Does not: asking (``pool``), and how an answer is written
(``api/formats``).
"""
