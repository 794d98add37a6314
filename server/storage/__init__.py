"""Where the log is kept: the contract, its two keepers, and the server that comes along."""
