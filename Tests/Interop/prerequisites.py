"""What a test needs of the machine."""

import os
import shutil


class Skip(Exception):
    """Something cannot be had here."""


def need(program):
    """Debian keeps its servers out of a user's PATH."""
    found = shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin")
    if not found:
        raise Skip(f"{program} is not installed")
    return found
