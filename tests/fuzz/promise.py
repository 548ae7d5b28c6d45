"""What may come out of a function, whatever goes in."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def refused_as_documented(name: str, *documented: type[Exception]) -> Iterator[None]:
    """Let errors pass that are documented, if they say in one line what they are about.

    Args:
        name: That the line must have: of a file, or of whatever else was read.
        *documented: Kinds of errors.
    """
    try:
        yield
    except documented as error:
        text = str(error)
        if name not in text or len(text.splitlines()) != 1:
            raise AssertionError(f"not one line about {name}: {text!r}") from error
