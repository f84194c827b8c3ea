"""What a source said becomes an entry: named, pure rules.

Takes settled readings, gives entries. Pure: never does I/O, never asks anybody, never invents a value: what
cannot be repaired is kept and flagged. Lies right above the model, below sources and stages.
"""

RULES_VERSION = 2  # raised with every change of what an entry says: archives then make a version of cause `rules`
