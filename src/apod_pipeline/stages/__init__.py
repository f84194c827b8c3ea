"""The design document's components, one file each. They do not know one another; they meet through files."""
