"""Starts and ends local Daybook: the stores, the stacks, the functions and the gateway."""

import logging
import os
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import boto3
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import LISTEN_QUEUE, WSGIRequestHandler, make_server

from daybook.access.api_keys import OPERATORS, Key, new_key
from daybook.aws.credentials_table.issuing import KeyTable
from daybook.clock import system_clock
from daybook.environment import CanarySettings, SignSettings
from daybook.errors import UnknownKey
from daybook.operators.keys import described
from infra import LAMBDAS
from infra.local.aws import moto_insert, moto_queues, moto_speed, moto_streams, moto_writes
from infra.local.aws.cloudformation import Client, create_stacks, functions, quiet_moto
from infra.local.aws.dynamodb_local import DynamoDBLocal
from infra.local.aws.forwarding import Forwarding
from infra.local.aws.iam import Permissions, callers, partition_keys, resource_policies, roles
from infra.local.aws.persistence import create_tables, random_secret, stored_key, stored_secret
from infra.local.aws.signing_keys import PlayedKms, signing_keys
from infra.local.aws.used_grants import UsedGrants
from infra.local.demo_image import DemoImage
from infra.local.functions.event_sources import event_sources
from infra.local.functions.instances import Configuration, Function, FunctionError
from infra.local.gateway.api import REGION, Api, read_api
from infra.local.gateway.gateway import Gateway
from infra.local.options import CannotStart, Options
from infra.local.template import Templates, templates
from infra.page.build import PageNotBuilt, build

HOST = "127.0.0.1"
THREADS = 16  # enough to stop some functions while others are still starting
CALLED = CanarySettings.variables()["api_url"]
"""In the template the API's address, which leads to AWS."""
SIGNED_EVERY = SignSettings.variables()["checkpoint_seconds"]
ANY_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_REGION": REGION}


@dataclass(frozen=True)
class LocalDaybook:
    url: str
    aws_url: str
    operations_key: Key
    keep_demo: Callable[[], None]
    """Call this once the demo is loaded, so that the next start does not load it again."""


@contextmanager
def open_local_daybook(options: Options) -> Iterator[LocalDaybook]:
    """Everything runs inside this context, and nothing is left running after it. Raises `CannotStart`."""
    data, demo = options.data / "dynamodb", options.data / "demo.image"
    on_disk = options.store == "dynamodb-local"
    with ExitStack() as stack:
        # Both ports are taken before anything starts, so that no other process can take one in the meantime.
        listener = stack.enter_context(listening("PORT", options.port))
        aws_listener = stack.enter_context(listening("DAYBOOK_AWS_PORT", options.aws_port))
        stack.enter_context(quiet_moto())
        stacks = templates()
        build_page()
        image = DemoImage.kept(demo) if options.demo and not on_disk else None
        others = stack.enter_context(ThreadPoolExecutor(THREADS))
        if on_disk:
            engine = DynamoDBLocal(data)
            engine.prepare()
            stack.callback(engine.stop)
            started = others.submit(engine.start)  # in parallel with moto, because each takes seconds
        used = UsedGrants(options.used_grants) if options.used_grants else None
        moto, aws_url = stack.enter_context(moto_server(aws_listener, used))
        endpoints = {"AWS_ENDPOINT_URL": aws_url}
        secret = partial(stored_secret, data) if on_disk else image.secret_of if image else random_secret
        keys = signing_keys(stacks, options.data / "signing-keys")
        key_arns = {logical_id: key.arn for logical_id, key in keys.items()}
        create_stacks(stacks, partial(client, endpoints), secret, key_arns)
        moto.kms = PlayedKms(moto.kms, keys.values())
        if image:
            image.restore()
        if on_disk:
            started.result()
            moto.dynamodb = Forwarding(engine.endpoint)
            endpoints["AWS_ENDPOINT_URL_DYNAMODB_STREAMS"] = engine.endpoint
            create_tables(client(endpoints, "dynamodb"), stacks, data)
        aws = partial(client, endpoints)
        read_policies(moto, aws, stacks, key_arns)
        moto.sts_seconds = options.sts_seconds
        url = f"http://{HOST}:{listener.getsockname()[1]}"
        here = {CALLED: url, SIGNED_EVERY: str(options.checkpoint_seconds)}
        configurations = with_values(here, functions(aws, {**lambda_environment(aws_url), **options.issuer}))
        periods = {
            arn: options.checkpoint_seconds for arn, each in configurations.items() if SIGNED_EVERY in each.environment
        }
        api = read_api(stacks, aws)
        instances = stack.enter_context(running(configurations, api, options, others))
        stack.enter_context(event_sources(stacks, aws, instances, data if on_disk else None, periods))
        key = options.operations_key or (stored_key(data) if on_disk else new_key())
        store_operations_key(aws("dynamodb"), configurations, key)
        stack.enter_context(gateway(listener, options, api, instances))

        def keep_demo() -> None:
            if not on_disk and not image:
                arn = setting(configurations, "SECRET_ARN")
                DemoImage.taken(aws("secretsmanager").get_secret_value(SecretId=arn)["SecretString"]).keep(demo)

        yield LocalDaybook(url, aws_url, key, keep_demo)


def build_page() -> None:
    """Brings the page and the OpenAPI document up to date. Raises `CannotStart`."""
    try:
        build()
    except PageNotBuilt as reason:
        raise CannotStart(str(reason)) from None


def read_policies(moto: Permissions, aws: Client, stacks: Templates, key_arns: Mapping[str, str]) -> None:
    """Raises `UnknownPolicy`."""
    moto.roles |= roles(aws, stacks)
    moto.callers |= callers(aws, moto.roles)
    moto.resources |= resource_policies(stacks, moto.roles.values(), key_arns)
    moto.partition_keys |= partition_keys(stacks)
    moto.check()


def client(endpoints: Mapping[str, str], service: str) -> Any:
    return boto3.client(
        service,
        # The event sources poll the streams, and no function does: those calls need no check.
        endpoint_url=endpoints.get(
            f"AWS_ENDPOINT_URL_{service.replace('dynamodbs', 'dynamodb_s').upper()}", endpoints["AWS_ENDPOINT_URL"]
        ),
        region_name=REGION,
        aws_access_key_id=ANY_CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=ANY_CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
    )


def lambda_environment(aws_url: str) -> dict[str, str]:
    """The variables that Lambda itself sets, and the AWS endpoint."""
    return {
        **ANY_CREDENTIALS,
        "AWS_ENDPOINT_URL": aws_url,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "LAMBDA_TASK_ROOT": str(LAMBDAS),
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
    }


def with_values(values: Mapping[str, str], configurations: Mapping[str, Configuration]) -> dict[str, Configuration]:
    """The functions with these values of those of the variables that they have, instead of the template's."""
    return {
        arn: replace(
            each, environment={**each.environment, **{name: values[name] for name in values.keys() & each.environment}}
        )
        for arn, each in configurations.items()
    }


def setting(configurations: Mapping[str, Configuration], name: str) -> str:
    """The value of a function's environment variable. All functions that have it have the same value."""
    return next(each.environment[name] for each in configurations.values() if name in each.environment)


def store_operations_key(dynamodb: Any, configurations: Mapping[str, Configuration], key: Key) -> None:
    """Stores the key in place of one with its id that an earlier start has left on disk. It has no end."""
    tables = (setting(configurations, f"{name}_TABLE") for name in ("CREDENTIALS", "CONTROL"))
    keys = KeyTable(dynamodb, *tables)
    with suppress(UnknownKey):
        keys.revoke_key(OPERATORS, key.id)
    keys.put_key(OPERATORS, key, described(key, "operations", system_clock(), None))


@contextmanager
def moto_server(listener: socket.socket, used: UsedGrants | None) -> Iterator[tuple[Permissions, str]]:
    moto_insert.apply()
    moto_queues.apply()
    moto_speed.apply()
    moto_streams.apply()
    moto_writes.apply()
    application = Permissions(DomainDispatcherApplication(create_backend_app), used)
    with serving(application, listener, MotoRequestHandler) as url:
        yield application, url


@contextmanager
def running(
    configurations: Mapping[str, Configuration], api: Api, options: Options, pool: ThreadPoolExecutor
) -> Iterator[dict[str, Function]]:
    """The functions. Each function behind the API starts with one instance. All output goes to `functions.log`."""
    logs = options.data / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    with (logs / "functions.log").open("wb") as log:
        all_of_them = {arn: Function(configuration, log) for arn, configuration in configurations.items()}
        try:
            list(pool.map(Function.warm_up, (all_of_them[arn] for arn in api.functions)))
            yield all_of_them
        except FunctionError as failure:
            raise CannotStart(f"{failure}. See {log.name} for the reason.") from None
        finally:
            list(pool.map(Function.stop, all_of_them.values()))


@contextmanager
def gateway(listener: socket.socket, options: Options, api: Api, instances: Mapping[str, Function]) -> Iterator[str]:
    """Serves the API and writes a line for each call to `access.log`."""
    with (
        (options.data / "logs" / "access.log").open("w") as log,
        serving(Gateway(api, instances, log), listener) as url,
    ):
        yield url


@contextmanager
def serving(
    application: Any, listener: socket.socket, handler: type[WSGIRequestHandler] | None = None
) -> Iterator[str]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # otherwise it prints every call
    port = listener.getsockname()[1]
    server = make_server(HOST, port, application, threaded=True, request_handler=handler, fd=listener.fileno())
    listener.close()  # the server has a copy
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()
    try:
        yield f"http://{HOST}:{port}"
    finally:
        server.shutdown()
        server.server_close()


def listening(variable: str, port: int) -> socket.socket:
    """Opens the port. Calls wait there until it is served. Raises `CannotStart`."""
    try:
        return socket.create_server((HOST, port), backlog=LISTEN_QUEUE)
    except OSError as failure:
        reason = os.strerror(failure.errno or 0)
        raise CannotStart(f"Port {port} cannot be used ({reason}). Set {variable} to another port.") from None
