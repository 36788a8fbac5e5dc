"""The database in a web browser: Datasette on a published copy, told what everything means."""
