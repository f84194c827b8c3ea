"""What tests of the object store share: a lab that goes to a bucket, and what the bucket says."""

from __future__ import annotations

import json
from dataclasses import dataclass

from apod_pipeline.extras.objectstore.pointers import Pointers
from lab import Lab
from s3_gateway import ACCESS, SECRET

CREDENTIALS = {"AWS_ACCESS_KEY_ID": ACCESS, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_REGION": "us-east-1"}


@dataclass
class StoreLab(Lab):
    """A lab whose versions go to a bucket."""

    def store(self, *words, **environment):
        """`apod store ... --json`; gives what it printed, and how it ended."""
        done = self.command("store", *words, "--json", **environment)
        return (json.loads(done.stdout.splitlines()[-1]) if done.stdout else done.stderr), done.returncode


def flags_of(wishes):
    """The same as settings."""
    told = {f"objectstore_{name}": value for name, value in wishes._asdict().items() if name != "single_publisher"}
    return {"extras": ("objectstore",)} | told


def newest(bucket):
    """The manifest that the pointer names."""
    pointers = Pointers(bucket)
    return pointers.manifest(pointers.read().pointer)
