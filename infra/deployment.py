"""One deployment of Daybook: its two stacks, and their templates without the CLI."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from aws_cdk import App, CfnOutput, DefaultStackSynthesizer, Environment

from infra.asset import lambda_code
from infra.constructs.removal import delete_with_stack, retain_policies
from infra.names import SERVICE, STORAGE
from infra.settings import OUTPUT, DeploymentSettings
from infra.stacks.service import ServiceStack
from infra.stacks.storage import StorageStack

__all__ = ["SERVICE", "STORAGE", "Deployment", "build", "new_app", "synthesise"]

# Not in cdk.json, which only the CLI reads: the laptop must get the same template as a deployment.
_FEATURES = {
    "@aws-cdk/aws-iam:minimizePolicies": True,
    "@aws-cdk/core:checkSecretUsage": True,
    "@aws-cdk/core:enablePartitionLiterals": True,
    # With strong references CloudFormation refuses to replace a table that a function still uses.
    "@aws-cdk/core:defaultCrossStackReferences": "strong",
}


class Deployment(NamedTuple):
    storage: StorageStack
    service: ServiceStack


def new_app(*, outdir: str | None = None, context: Mapping[str, Any] | None = None) -> App:
    """The app with both stacks, not synthesised yet.

    With the context `asset=source` the functions' code is `lambdas/` itself, and no asset is built. That is enough for
    tests of the template and for the laptop, which runs the handlers from their source.
    """
    app = App(outdir=outdir, context={**_FEATURES, **(context or {})}, analytics_reporting=False)
    build(app)
    return app


def build(app: App) -> Deployment:
    settings = DeploymentSettings.of(app.node)
    env = Environment(region=settings.region)
    storage = StorageStack(
        app,
        settings.named(STORAGE),
        description="Daybook: the tables, their key and the deployment's secret",
        settings=settings,
        env=env,
        termination_protection=settings.removal_policy == "retain",
        synthesizer=_synthesizer(),
    )
    service = ServiceStack(
        app,
        settings.named(SERVICE),
        description="Daybook: the API and its functions",
        storage=storage,
        code=lambda_code(app.node),
        settings=settings,
        env=env,
        synthesizer=_synthesizer(),
    )
    for stack in (storage, service):
        CfnOutput(stack, OUTPUT, value=settings.recorded(), description="What differs from the defaults")
    retain_policies(storage)
    if settings.removal_policy == "destroy":
        for stack in (storage, service):
            delete_with_stack(stack)
    return Deployment(storage, service)


def synthesise(out_dir: Path, context: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Writes the cloud assembly to `out_dir`. Returns the templates by stack name, in the order of deployment."""
    assembly = new_app(outdir=str(out_dir), context=context).synth()
    return {stack.stack_name: stack.template for stack in assembly.stacks}


def _synthesizer() -> DefaultStackSynthesizer:
    # The CLI checks the version of the bootstrap stack anyway. The rule would put an SSM parameter into each template,
    # and only the real CloudFormation can resolve that.
    return DefaultStackSynthesizer(generate_bootstrap_version_rule=False)
