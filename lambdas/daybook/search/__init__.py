"""Reading the log: which index answers, in what order, how far, and how it is shown."""
