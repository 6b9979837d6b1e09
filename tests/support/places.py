"""Where things lie that tests read."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
LAMBDAS = ROOT / "lambdas"
SAMPLES = ROOT / "events"
DOCUMENTS = ROOT.parent / "shared"
"""The products' documents, where they lie beside the checkout."""
