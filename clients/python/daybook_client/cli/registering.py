"""Makes commands of functions: adds the options that many share, hands over the session, turns errors into codes."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import SimpleNamespace
from typing import Annotated, Any, get_type_hints

import typer

from daybook_client.cli.connection import Asked
from daybook_client.cli.endings import ended
from daybook_client.cli.options import connection_options, filter_options, filters_from, view_options
from daybook_client.cli.session import Session
from daybook_client.cli.surroundings import Surroundings

Function = Callable[..., int]
SHARED = ("profile_", "url_", "tenant_", "environment_")


def command(
    app: typer.Typer,
    name: str,
    *examples: str,
    filters: bool = False,
    connection: bool = True,
    json: bool = True,
    arguments: bool = False,
    **settings: Any,
) -> Callable[[Function], Function]:
    """Registers `function(session, …) -> exit code`. Its docstring is the help, `examples` stand below the options.

    `filters` adds the API's filters, view and zone, given as the parameter `filters`; `connection` whom it speaks to;
    `json` the option `--json`; `arguments` hands over what typer does not know, as the parameter `arguments`.
    """

    def register(function: Function) -> Function:
        # Of a function itself, Python 3.9 would give `Optional[Annotated[…]]` where the default is None.
        named = SimpleNamespace(__annotations__=function.__annotations__, __globals__=function.__globals__)
        hints = get_type_hints(named, include_extras=True)
        own = [
            parameter.replace(annotation=hints[parameter.name], kind=inspect.Parameter.KEYWORD_ONLY)
            for parameter in inspect.signature(function).parameters.values()
            if parameter.name not in ("session", "filters", "arguments")
        ]
        added = [*filter_options(), *view_options()] if filters else []
        filtering = [each.name for each in added]
        if json:
            flag = typer.Option("--json", help="Print JSON, one object a line, on a terminal too.")
            own.append(_parameter("json_", Annotated[bool, flag], default=False))
        added += connection_options() if connection else []

        def run(ctx: typer.Context, **given: Any) -> int:
            asked = Asked(*(given.pop(name, "") for name in SHARED))
            around = ctx.obj if isinstance(ctx.obj, Surroundings) else Surroundings()
            json_given = given.pop("json_", False)

            def act() -> int:
                taken = {name: given.pop(name) for name in filtering}
                if filters:
                    given["filters"] = filters_from(taken)
                if arguments:
                    given["arguments"] = list(ctx.args)
                return function(Session(around, asked, json=json_given), **given)

            return ended(act, around)

        context = inspect.Parameter("ctx", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)
        parameters = [context, *own, *(_parameter(*each) for each in added)]
        run.__dict__["__signature__"] = inspect.Signature(parameters)  # typer reads it
        run.__annotations__ = {each.name: each.annotation for each in parameters}
        run.__doc__ = function.__doc__
        app.command(name, epilog=epilog(examples), **settings)(run)
        return function

    return register


def epilog(examples: tuple[str, ...]) -> str | None:
    """Examples, one below the other; a test parses each of them."""
    if not examples:
        return None
    return "Examples:\n\n" + "\n\n".join(f"$ {example}" for example in examples)


def _parameter(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default)
