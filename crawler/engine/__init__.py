"""The resolve stage in this process, in several, or on a Dask cluster.

`Engine` (engine.py) is the seam; `shards` cuts a run's questions, `agent` resolves shards wherever it stands,
`pool` hands them out and takes observations back, `processes` and `cluster` know how a worker is reached.
"""
