"""The data sets that come with the program, a folder each."""
