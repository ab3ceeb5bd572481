"""The report of a study: one page to look at, and its tables and figures as files."""
