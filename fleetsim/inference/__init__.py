"""What replications allow to be said: intervals, comparisons, and the choice of a limit. Arrays in, numbers out."""
