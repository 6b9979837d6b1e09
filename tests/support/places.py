"""The paths of files that tests read."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
LAMBDAS = ROOT / "lambdas"
VERIFIER = ROOT / "clients" / "verify"
PYTHON_CLIENT = ROOT / "clients" / "python"
SAMPLES = ROOT / "events"
DOCUMENTS = ROOT.parent / "shared"
"""The products' documents, if they are beside the checkout."""
