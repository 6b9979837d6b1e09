"""Where Daybook runs: stacks, constructs and the Lambdas' asset; `infra.local` is the same template on a laptop."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LAMBDAS = ROOT / "lambdas"

# The stacks read the route table and the settings of the very code that they deploy, and `lambdas/` is no installed
# package: it is the root of the asset.
if str(LAMBDAS) not in sys.path:
    sys.path.insert(0, str(LAMBDAS))

# Node 20 works; jsii's banner about its age would be the first thing that a newcomer sees.
os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "20")
