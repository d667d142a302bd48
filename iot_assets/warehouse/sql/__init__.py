"""The SQL of the warehouse: one file a table or temporary table, named for what it builds, its header saying how."""
