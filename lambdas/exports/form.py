"""The body of a request for an export, checked and typed."""

from collections.abc import Mapping
from dataclasses import dataclass

from daybook.errors import FieldError
from daybook.http import forms
from daybook.http.problem import Code, Problem, bad_field
from daybook.http.request import Request
from daybook.jobs.export import CSV
from daybook.search.parameters import NATIVE, Parameters, check_bounds, parse_parameters
from daybook.tenants.settings import TenantSettings
from exports.bodies import NOT_FILTERS, SPAN_FILTERS, SentExport

Query = Mapping[str, list[str]]
"""Filters, by the names of a search's query parameters."""


@dataclass(frozen=True)
class ExportForm:
    filters: Query
    options: Mapping[str, str]
    """`sort`, `view` and `tz`."""
    format: str
    mark: bool
    complete: bool
    evidence: bool
    evidence_since: int | None
    parameters: Parameters
    """Filters and options as a search takes them."""


def read_export(request: Request, settings: TenantSettings) -> ExportForm:
    """Raises `Problem` 4xx. An empty body asks for everything, in the tenant's own view."""
    sent = forms.read_form(request, SentExport) if request.body else SentExport()
    filters = {name: [values] if isinstance(values, str) else values for name, values in sent.filters.items()}
    options = {"sort": sent.sort, "view": settings.profile if sent.view is None else sent.view, "tz": sent.tz}
    if sent.mark and sent.format != CSV:
        raise bad_field("mark", "is for the format csv alone: JSON begins with no mark")
    if sent.complete and filters.keys() - SPAN_FILTERS:
        raise bad_field("complete", "is for exports without filters other than environment, from, to and range")
    parameters = _parameters(filters, options)
    if sent.evidence:
        _check_provable(sent.format, parameters, settings)
    elif sent.evidence_since is not None:
        raise bad_field("evidence_since", "is for exports with evidence")
    # Evidence shows that nothing is missing, wherever that can be told.
    complete = sent.complete or (sent.evidence and not filters.keys() - SPAN_FILTERS)
    return ExportForm(
        filters, options, sent.format, sent.mark, complete, sent.evidence, sent.evidence_since, parameters
    )


def _check_provable(file_format: str, parameters: Parameters, settings: TenantSettings) -> None:
    """A verifier renders these forms of a row anew. It needs no other."""
    if not parameters.order.by_time:
        raise bad_field("evidence", "is for exports in the order of time")
    if parameters.view != (settings.profile if file_format == CSV else NATIVE):
        raise bad_field("evidence", "is for csv with the view of the tenant's profile, and for ndjson with view native")


def _parameters(filters: Query, options: Mapping[str, str]) -> Parameters:
    """Raises `Problem` 422 for what a search refuses with 400: this body can be read, only not accepted."""
    for name, values in filters.items():
        if name in NOT_FILTERS:
            raise bad_field(f"filters.{name}", "is not a filter", "unknown_field")
        if not values:
            raise bad_field(f"filters.{name}", "must hold a value", "invalid_length")
    try:
        parameters = parse_parameters({**filters, **{name: [value] for name, value in options.items()}})
        check_bounds(filters)
    except Problem as problem:
        errors = [
            FieldError(error.path if error.path in options else f"filters.{error.path}", error.message)
            for error in problem.errors
        ]
        code: Code = "unknown_field" if problem.code == "unknown_parameter" else problem.code
        raise Problem(422, code, problem.detail, errors) from None
    return parameters
