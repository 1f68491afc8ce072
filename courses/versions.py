"""Versions of rows that several people edit, as HTTP entity tags: who saves over a change unseen is refused."""

from typing import Protocol

from courses.errors import PreconditionFailed, PreconditionRequired


class Versioned(Protocol):
    @property
    def updated_at(self) -> object: ...


def etag_of(row: Versioned) -> str:
    """Changes whenever the row is saved."""
    return f'"{row.updated_at:%Y%m%d%H%M%S%f}"'


def check_version(row: Versioned, if_match: str | None) -> None:
    """`if_match` is the If-Match header as sent; `*` means any version.

    Raises PreconditionRequired without one, PreconditionFailed when it names another version.
    """
    if not if_match:
        raise PreconditionRequired
    if if_match.strip() != "*" and etag_of(row) not in [tag.strip() for tag in if_match.split(",")]:
        raise PreconditionFailed
