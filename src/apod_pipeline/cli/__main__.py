"""`python -m apod_pipeline.cli`: the command `apod` where no script is installed."""

from apod_pipeline.cli import main

if __name__ == "__main__":  # a process that derives for us imports this file under another name
    main()
