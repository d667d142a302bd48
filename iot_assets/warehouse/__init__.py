"""The warehouse: the only room that opens the warehouse file.

Belongs here: the declaration of each table, migrations, connections and the one way to write, the SQL of the three
write units, publication. Does not: decoding (``decoders``), Dagster (``assets``), questions people ask (``serving``).
"""
