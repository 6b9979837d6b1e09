"""The CDK app: `cdk.json` names it, `python app.py` writes the templates to cdk.out/ without the CLI."""

import os

from infra.deployment import new_app

new_app(outdir=os.environ.get("CDK_OUTDIR", "cdk.out")).synth()
