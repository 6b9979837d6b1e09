"""Operators' keys over HTTP."""

from dataclasses import dataclass

from daybook.http import forms
from daybook.http.request import Answer, Request
from daybook.operators.keys import OperatorsKeys
from tenants.api_keys import Uses, end, listed, named_key
from tenants.key_bodies import MAX_LABEL, NewOperatorsKey, created


@dataclass(frozen=True)
class OperatorsKeyOperations:
    keys: OperatorsKeys
    uses: Uses

    def create(self, request: Request) -> Answer:
        form = forms.read_form(request, NewOperatorsKey)
        label = forms.text("label", form.label, MAX_LABEL)
        until = None if form.valid_until is None else end("valid_until", form.valid_until, self.keys.clock())
        return Answer(201, created(*self.keys.make(request, label, until)))

    def list(self, _request: Request) -> Answer:
        return Answer(200, listed(self.keys.all(), self.uses))

    def revoke(self, request: Request) -> Answer:
        self.keys.revoke(request, named_key(request))
        return Answer(204)
