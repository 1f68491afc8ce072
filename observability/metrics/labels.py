"""Which process of which role a series speaks of."""

import os

from observability.multiprocess import slots
from observability.multiprocess.values import ROLE_VARIABLE, store

PROCESS = {"role": ("<process role>",), "slot": ("<slot number>",)}


def process_labels() -> tuple[str, str]:
    """This process's role and slot number."""
    slot = store.slot
    if slot is None:
        return slots.clean_role(os.environ.get(ROLE_VARIABLE, "command")), "0"
    return slot.role, str(slot.number)
