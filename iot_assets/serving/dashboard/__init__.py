"""The dashboard: pages for people, in the server's own process, drawn from the questions of ``reads``.

Belongs here: pages, one module each; what they share (``frame``, ``charts``, ``markup``); how they are reached
(``mount``). Does not: SQL (``reads``), the API (``api``).
"""
