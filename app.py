"""The CDK app that `cdk.json` names. `python app.py` writes the templates to cdk.out/ without the CLI."""

import os

from infra.deployment import new_app

new_app(outdir=os.environ.get("CDK_OUTDIR", "cdk.out")).synth()
