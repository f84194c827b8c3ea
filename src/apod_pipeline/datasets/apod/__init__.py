"""The Astronomy Picture of the Day: everything that is this data set's own."""
