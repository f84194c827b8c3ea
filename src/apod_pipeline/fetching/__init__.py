"""From a question to a reply that may be believed: the wire, the pace, and the canary."""
