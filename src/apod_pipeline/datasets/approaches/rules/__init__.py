"""What a row of the service says, in numbers and instants. Takes readings, gives rows. Pure."""
