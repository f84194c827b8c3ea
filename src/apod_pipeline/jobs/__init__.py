"""What a person asks of an archive, beside a run: a file a question or a chore."""
