"""`python -m hotline.demonstration`: the process that `hotline up --demo` starts."""

import logging

from hotline.demonstration.app import run
from hotline.settings import Settings
from hotline.stack import resolve

if __name__ == "__main__":
    chosen = resolve(Settings())
    logging.basicConfig(level=chosen.log_level, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    run(chosen)
