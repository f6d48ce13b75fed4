"""Other systems that ours are measured beside, each in an environment of its own."""
