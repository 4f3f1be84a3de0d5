"""What the book needs beyond the numerics, and the extra of `lnn` with which it comes."""

from importlib.util import find_spec


def require(package: str, extra: str) -> None:
    """Raise an ImportError that names the extra where a package is missing."""
    if find_spec(package) is None:
        raise ImportError(
            f"lnn.book needs {package}, which is not installed: pip install 'lnn[{extra}]'",
            name=package,
        )
