"""`crawler doctor`: is everything in place for a run? Each check is one line; none raises, none writes."""
