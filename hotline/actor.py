"""Who gives a command on this machine, as the audit trail calls them."""

import getpass

from cases.vocabulary import Actor, Role


def local_admin() -> Actor:
    """Whoever is logged in here: they can read the keys, so they are as good as an administrator."""
    try:
        name = getpass.getuser()
    except (OSError, KeyError, ImportError):
        name = "unknown"
    return Actor(role=Role.ADMIN, id=f"local:{name}")
