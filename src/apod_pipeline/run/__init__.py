"""One run, from the days that are asked for to the commit: the stages in their order, whole or step by step."""
