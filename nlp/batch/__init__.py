"""CAPABILITY score, by the million: plan shards, run them on an engine, merge what they wrote."""
