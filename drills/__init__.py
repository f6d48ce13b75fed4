"""What happens when something breaks, tried on the real processes on loopback. `make drill` runs every part; each prints tried, survived, lost."""
