"""The errors that a user can act on: the CLI prints their message and exits with 1, without a traceback."""


class CosmosError(Exception):
    """Something the user can put right; the message says what is wrong and what to do."""


class LayoutError(CosmosError):
    """A raw folder does not look like the source's published layout."""


class CaseError(CosmosError):
    """One case cannot be read: a truncated file, an unknown label value, grids that do not match."""
