"""The database: the one place that speaks SQL, and the memory of everything else.

`session` carries transactions and named queries, `migrate` and `database` bring a schema about; the other
modules turn rows into the model's values and back. Nothing here decides what shall be done.
"""
