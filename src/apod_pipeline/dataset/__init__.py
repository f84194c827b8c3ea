"""What a data set is made of: its days, its fields, and what is asked of whoever describes one."""
