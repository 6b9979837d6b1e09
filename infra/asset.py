"""The one asset of all functions: `lambdas/` with the libraries of requirements/lambdas.txt, built without Docker."""

from aws_cdk import aws_lambda as lambda_

from infra import LAMBDAS

_NOT_SHIPPED = ["**/__pycache__", "**/*.pyc"]


def lambda_code() -> lambda_.Code:
    return lambda_.Code.from_asset(str(LAMBDAS), exclude=_NOT_SHIPPED)
