"""Reads other products' records from files, maps them to events, and sends these.

A mapping is data: see `daybook_client.importing.mapping`. Needs the extra `[cli]`.
"""

from daybook_client.importing.engine import DryRun, ImportStopped, Options, dry_run, import_files
from daybook_client.importing.mapping import Mapping, MappingError, load_mapping, mapping_names
from daybook_client.importing.report import Progress, Report

__all__ = [
    "DryRun",
    "ImportStopped",
    "Mapping",
    "MappingError",
    "Options",
    "Progress",
    "Report",
    "dry_run",
    "import_files",
    "load_mapping",
    "mapping_names",
]
