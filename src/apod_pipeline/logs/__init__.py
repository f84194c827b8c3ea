"""What is written beside the results: how a line of it looks, and which run it is of."""
