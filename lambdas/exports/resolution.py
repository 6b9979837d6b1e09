"""Finds out whom the names in an export's filters mean, and how the filters are written without these names."""

from collections.abc import Mapping
from dataclasses import dataclass

from daybook.catalogue.aliases import is_user
from daybook.catalogue.profile import profile
from daybook.catalogue.tenant_catalogue import Catalogues
from daybook.clock import format_time
from daybook.crypto.keys import DeploymentKeys
from daybook.people.key_cache import PersonKeys
from daybook.people.lookup import IdentityReader, Named, resolve
from daybook.search.parameters import NOT, span_at
from daybook.self_audit import reads
from daybook.tenants.settings import TenantSettings
from exports.form import ExportForm
from exports.question import SealedQuestion


@dataclass(frozen=True)
class ResolvedExport:
    form: ExportForm
    named: Mapping[str, Named]
    """What each text that may name people means."""
    record: reads.Writing
    """How the filters are written into the tenant's own log."""

    def readable_query(self, now_ms: int) -> dict[str, list[str]]:
        """The filters that can't name anybody; `range` as `from` and `to`, counted back from `now_ms`."""
        query = {name: values for name, values in self.form.filters.items() if not self._is_sealed(name)}
        if query.pop("range", None) is None:
            return query
        span = span_at(self.form.parameters, now_ms)
        bounds = {"from": span.from_ms, "to": span.to_ms}
        return query | {name: [format_time(moment)] for name, moment in bounds.items() if moment is not None}

    def sealed_question(self) -> SealedQuestion:
        query = {name: values for name, values in self.form.filters.items() if self._is_sealed(name)}
        return SealedQuestion(query, list(self.named.values()))

    def filters_without_names(self) -> list[str]:
        """For the manifest: people as GUIDs, free text only as present, other targets than people by their type."""
        return reads.filter_texts(
            self.form.filters,
            lambda text: people_meant(self.named[text]),
            self._target_without_name,
            self.record.label,
        )

    def _is_sealed(self, name: str) -> bool:
        """Every filter that may name people. Labels are readable if all of them look like labels."""
        equality = name.removesuffix(NOT)
        if equality not in reads.LABELS:
            return equality not in reads.NAMES_NOBODY
        return any(self.record.label(equality, value) != value for value in self.form.filters[name])

    def _target_without_name(self, target: str) -> str:
        kind, _, text = target.partition(":")
        named = self.named[text]
        return f"{kind}:{people_meant(named)}" if is_user(kind) or named.is_known else kind


@dataclass(frozen=True)
class Resolver:
    identities: IdentityReader
    person_keys: PersonKeys
    catalogues: Catalogues
    keys: DeploymentKeys

    def resolve(self, settings: TenantSettings, environment: str, form: ExportForm) -> ResolvedExport:
        key = settings.environment_key(environment)
        filters = form.parameters.filters
        name_key = self.keys.of(settings.code, settings.secret).name
        aliases = profile(settings.profile).aliases
        named = resolve(self.identities, key, aliases, filters.names, name_key, ids=filters.ids)
        record = reads.Writing.of(key, self.catalogues.of(settings), named, self.person_keys.of)
        return ResolvedExport(form, named, record)


def people_meant(named: Named) -> str:
    """The people whom a name means, without the name."""
    return "|".join(sorted(named.guids | named.types)) or "?"
