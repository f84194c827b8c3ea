"""NASA's old API as it answered: what the mirror and the simulator speak."""
