"""The function that calls the public API every five minutes, and tells whether it answered."""

from aws_cdk import Duration
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from daybook.environment import CanarySettings
from infra.constructs.schedule import Ticks

SETTING = "api_url"
"""The setting that says where the API answers."""

PERIOD = Duration.minutes(5)


class Canary(Construct):
    def __init__(self, scope: Construct, construct_id: str, *, function: lambda_.Function) -> None:
        super().__init__(scope, construct_id)
        self._function = function
        Ticks(self, "Schedule", function=function, period=PERIOD)

    def call(self, url: str) -> None:
        """The function may know the API's address because the API does not invoke it.

        A function behind the API could not be deployed with it: the address depends on the API's methods, and these on
        their functions.
        """
        self._function.add_environment(CanarySettings.variables()[SETTING], url)
