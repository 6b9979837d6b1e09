"""The REST API: all routes of the route table, and a function that answers every other call."""

import json
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from aws_cdk import Duration
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from daybook.http.routes import ROUTES, Route
from infra.constructs.gateway_errors import answer_in_problems
from infra.constructs.log import log_group
from infra.settings import DeploymentSettings

# No query strings and no bodies: they may name people, and this log is for operators, not for auditors.
_ACCESS_LINE = {
    # First the id that no caller can choose; an answer has it in the header `x-amz-apigw-id`.
    "extended_request_id": "$context.extendedRequestId",
    "request_id": "$context.requestId",
    "tenant": "$context.authorizer.tenant",
    "credential": "$context.authorizer.credential",
    "role": "$context.authorizer.role",
    "method": "$context.httpMethod",
    "route": "$context.resourcePath",
    "status": "$context.status",
    "milliseconds": "$context.responseLatency",
    "error": "$context.error.responseType",
}


class _Throttle(NamedTuple):
    """What one method takes from all callers together."""

    rate: int
    """Calls a second."""
    burst: int


_WITH_KEY = _Throttle(5_000, 2_500)
"""Half of what an account has by default. Calls that the authorizer or a tenant's limit refuses take from it too. So it
is far above what one tenant may use: with less, one valid key could use up a route for everybody.
"""
_WITHOUT_KEY = _Throttle(50, 100)
_SIGN_IN = _Throttle(10, 20)
"""Each call waits for the issuer, for as long as the function's 20 seconds: they may hold two hundred instances."""
_NO_ROUTE = _Throttle(2, 5)
"""Each path takes seven methods, and each method of a path has its own throttle: these add up to hundreds of calls."""


class Gateway(Construct):
    """`functions` are named as in the route table and include `public`; `authorize` is the authorizer."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        authorize: lambda_.IFunction,
        functions: Mapping[str, lambda_.IFunction],
        settings: DeploymentSettings,
    ) -> None:
        super().__init__(scope, construct_id)
        self.access_log = log_group(self, "AccessLog", settings)
        self.api = apigateway.RestApi(
            self,
            "Api",
            rest_api_name=settings.named("Daybook"),  # also the dimension of its metrics, so each deployment's own
            description="Daybook's HTTP contract, version 1",
            endpoint_types=[apigateway.EndpointType.REGIONAL],
            binary_media_types=["*/*"],  # bodies arrive as they were sent, even gzip
            # Without the role of the account, no stage can write its access log. It is for all APIs of the region, so
            # no deployment may replace it: `infra.operate.deploy` makes it only where there is none.
            cloud_watch_role=settings.cloud_watch_role,
            deploy_options=apigateway.StageOptions(
                stage_name=settings.stage,
                # AWS applies these to each method by itself, and before the authorizer. Whatever is not named is no
                # route. A setting for ANY would not do: it is kept under the method that is sent.
                throttling_rate_limit=_NO_ROUTE.rate,
                throttling_burst_limit=_NO_ROUTE.burst,
                method_options=_throttles(),
                # A stage's traces hold whole URLs, and so the names and addresses that people search for. Operators
                # could read them for 30 days. The functions' own traces hold no URLs.
                tracing_enabled=False,
                access_log_destination=apigateway.LogGroupLogDestination(self.access_log),
                access_log_format=apigateway.AccessLogFormat.custom(json.dumps(_ACCESS_LINE)),
            ),
        )
        self.api.node.try_remove_child("Endpoint")  # an output with a generated name; the stack has its own
        self.url = self.api.url
        """Where the API answers, with a slash at its end."""
        self.domain_target: str | None = None
        """What the name in DNS must point to, if there is a name."""
        if settings.domain_name and settings.certificate_arn:
            self._serve_under(settings.domain_name, settings.certificate_arn)
        answer_in_problems(self.api)
        self._authorizer = apigateway.RequestAuthorizer(
            self,
            "Authorizer",
            handler=authorize,
            # This header alone is the key of the cache. A call without it is answered with 401 by the gateway and
            # costs no invocation.
            identity_sources=[apigateway.IdentitySource.header("Authorization")],
            results_cache_ttl=Duration.seconds(60),  # by the contract a revoked key stops working within a minute
        )
        self._integrations = {
            name: apigateway.LambdaIntegration(
                function,
                # One permission for each function instead of each route: a resource policy holds at most 20 KB.
                scope_permission_to_method=False,
            )
            for name, function in functions.items()
        }
        self._add_routes()
        self._catch_the_rest()

    def _serve_under(self, name: str, certificate_arn: str) -> None:
        domain = apigateway.DomainName(
            self,
            "Domain",
            domain_name=name,
            certificate=acm.Certificate.from_certificate_arn(self, "Certificate", certificate_arn),
            endpoint_type=apigateway.EndpointType.REGIONAL,
            security_policy=apigateway.SecurityPolicy.TLS_1_2,  # the oldest version that it accepts
            # At the root. Another base path would be part of `event.path`, and no route would be found.
            mapping=self.api,
        )
        self.url, self.domain_target = f"https://{name}/", domain.domain_name_alias_domain_name

    def _add_routes(self) -> None:
        for route in ROUTES:
            resource = self.api.root.resource_for_path(route.path)
            if route.roles:
                resource.add_method(
                    route.method,
                    self._integrations[route.function],
                    authorization_type=apigateway.AuthorizationType.CUSTOM,
                    authorizer=self._authorizer,
                )
            else:
                resource.add_method(route.method, self._integrations[route.function])

    def _catch_the_rest(self) -> None:
        """Other methods and unknown paths go to `public`. A REST API by itself would answer both with 403."""
        public = self._integrations["public"]
        for path in _resources():
            self.api.root.resource_for_path(path).add_method("ANY", public)
        self.api.root.add_proxy(any_method=True, default_integration=public)


def _throttles() -> dict[str, apigateway.MethodDeploymentOptions]:
    """Of the routes, by path and method."""
    limits = {f"{route.path}/{route.method}": _throttle(route) for route in ROUTES}
    return {
        name: apigateway.MethodDeploymentOptions(throttling_rate_limit=limit.rate, throttling_burst_limit=limit.burst)
        for name, limit in limits.items()
    }


def _throttle(route: Route) -> _Throttle:
    if route.operation == "sign_in":
        return _SIGN_IN
    return _WITH_KEY if route.roles else _WITHOUT_KEY


def _resources() -> Iterator[str]:
    """The path of each resource that the routes need, from the root down, each once."""
    yield "/"
    seen = set()
    for route in ROUTES:
        parts = route.path.strip("/").split("/")
        for length in range(1, len(parts) + 1):
            path = "/" + "/".join(parts[:length])
            if path not in seen:
                seen.add(path)
                yield path
