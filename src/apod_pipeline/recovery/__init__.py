"""What was lost, brought back.

Files, tables and ledger: `lost`. DVC's cache and the remotes: `copies`. All files of a version: `restoring`.

Takes an archive of which something is left, here or on its remotes; gives it whole. Never invents what is nowhere.
"""
