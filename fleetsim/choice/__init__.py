"""The choice of a data limit: many limits judged on the same traffic, a rule, an answer, and how sure it is."""
