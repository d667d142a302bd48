"""The command line: one module a verb, and the boundary where errors become sentences.

Belongs here: arguments, help texts, printing. Does not: work, which lives in the room the verb is named for.
"""
