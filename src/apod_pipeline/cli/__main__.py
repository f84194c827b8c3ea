"""`python -m apod_pipeline.cli`: the command `apod` where no script is installed."""

from apod_pipeline.cli import main

main()
