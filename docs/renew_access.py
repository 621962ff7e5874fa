"""Writes the tables of access.md anew: .venv/bin/python docs/renew_access.py."""

from pathlib import Path

from hotline.rights_sheet import renewed

PAGE = Path(__file__).parent / "access.md"

PAGE.write_text(renewed(PAGE.read_text()))
