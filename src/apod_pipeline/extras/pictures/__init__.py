"""The pictures themselves: downloaded, judged, kept by their hash, shown.

Takes a data set's entries and what it says of their pictures; gives files below `data/pictures`, lines in the ledger
that tell of each, rows in `NAME_picture`, and what people see of them. Off until `APOD_EXTRAS` names it.
"""
