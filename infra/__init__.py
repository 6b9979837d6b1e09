"""What Daybook runs on: the stacks, the functions' asset, and `infra.local`, which runs the template on a laptop."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LAMBDAS = ROOT / "lambdas"

# The stacks import the routes and settings of the code that they deploy. `lambdas/` is the root of the asset and not an
# installed package, so it must be put on the path.
if str(LAMBDAS) not in sys.path:
    sys.path.insert(0, str(LAMBDAS))

# Node 20 works. Without this, the first thing that a newcomer sees is jsii's warning about its age.
os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "20")
