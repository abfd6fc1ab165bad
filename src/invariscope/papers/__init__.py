"""The sources' figures, tables and numbers, each beside what the results of this project say to it."""
