"""The events of a season in Jiffy: every wording of its table once, told in small stories.

Texts in braces belong to the season: its app, its group, and the people who come and go in it.
"""

from typing import Any, NamedTuple


class Step(NamedTuple):
    activity: str
    variant: str | None
    by: str
    """`admin`, `builder`, `newcomer` or `system`."""
    params: dict[str, Any]
    status: str | None = None


def _admin(activity: str, variant: str | None = None, *, status: str | None = None, **params: Any) -> Step:
    return Step(activity, variant, "admin", params, status)


def _system(activity: str, variant: str | None = None, **params: Any) -> Step:
    return Step(activity, variant, "system", params)


def _newcomer(activity: str, variant: str | None = None, **params: Any) -> Step:
    return Step(activity, variant, "newcomer", params)


def _in_app(activity: str, variant: str | None = None, *, status: str | None = None, **params: Any) -> Step:
    return Step(activity, variant, "builder", {**params, "app": "{app}", "app_group": "{group}"}, status)


def _table(kind: str, name: str) -> tuple[tuple[Step, ...], ...]:
    """The life of a JIFFY or a Doc table, which have the same events."""
    thing, update = kind.replace("-", "_").removesuffix("s"), f"{kind}.update"
    table = {thing: name}
    return (
        (
            _in_app(f"{kind}.add", **table),
            _in_app(update, "column-added", **table, columns="amount, currency"),
            _in_app(update, "inline-column-added", **table, columns="line_total"),
        ),
        (
            _in_app(update, "attachment-added", **table),
            _in_app(update, "attachment-removed", **table),
            _in_app(update, "column-deleted", **table, columns="currency"),
        ),
        (
            _in_app(update, "inline-record-deleted", **table, table="lines"),
            _in_app(update, "inline-column-deleted", **table, columns="line_total"),
            _in_app(update, "record-deleted", **table),
        ),
        (
            _in_app(update, "name", old_name=name, new_name=f"{name} (old)"),
            _in_app(f"{kind}.delete", **{thing: f"{name} (old)"}),
        ),
    )


def _template(kind: str) -> tuple[tuple[Step, ...], ...]:
    """XML and JSON templates have the same events too."""
    thing, node = f"{kind}_template", "Send request"
    return (
        (
            _in_app(f"{kind}-templates.add", **{thing: "Order"}, node=node),
            _in_app(f"{kind}-templates.update", "fields", **{thing: "Order"}, node=node, fields="Description, File"),
        ),
        (
            _in_app(f"{kind}-templates.update", "name", old_name="Order", new_name="Order v2", node=node),
            _in_app(f"{kind}-templates.delete", **{thing: "Order v2"}, node=node),
        ),
    )


_ROLE = {"user_role": "Reviewer"}
_RENAMED = {"old_role": "Reviewer", "new_role": "Approver"}
_SHOWN = {"old_presentation": "Overview", "new_presentation": "Queue"}
_DESCRIBED = {"old_description": "Night batch", "new_description": "Night and weekend batch"}
_MACHINES = {"machines_added": "vm-07, vm-08", "machines_removed": "vm-02"}
_NODE = {"node": "Web UI"}
_TASK = {"task": "Nightly import"}

SCENES: tuple[tuple[Step, ...], ...] = (
    (
        _admin("apps.add", app="{app}", app_group="{group}"),
        _in_app("apps.update", "description", old_description="Draft", new_description="For the whole group"),
        _in_app("apps.update", "image"),
    ),
    (
        _admin("user.invite", "member", user="{newcomer}"),
        _newcomer("user.accept", user="{newcomer}"),
        _newcomer("user.login"),
    ),
    (_newcomer("user.login"), _newcomer("user.profile-update", "personal"), _newcomer("user.password-change")),
    (
        _in_app("custom-role.add", **_ROLE, presentation="Overview"),
        _in_app("app-users.add", user="{newcomer}", roles="Reviewer"),
        _in_app("apps.update", "role-added", user="{newcomer}", roles="Designer"),
    ),
    (
        _in_app("custom-role.update", "role", **_RENAMED),
        _in_app("custom-role.update", "presentation", **_SHOWN),
        _in_app("app-users.update", "role-added", user="{newcomer}", roles="Approver"),
    ),
    (
        _admin("user.invite", "admin", user="{guest}"),
        _admin("user.resend", user="{guest}"),
        _system("user.expiry", user="{guest}"),
    ),
    (
        _admin("tenant.invite", tenant="{partner}"),
        _admin("tenant.resend", tenant="{partner}"),
        _system("tenant.expiry", tenant="{partner}"),
    ),
    (
        _admin("tenant.accept", tenant="{partner}"),
        _admin("tenant.activate", tenant="{partner}"),
        _admin("server-settings.update", "general"),
    ),
    (
        _admin("bot.add", bot="bot-{season}"),
        _admin("bot.start", bot="bot-{season}", status="failure"),
        _admin("bot.update", bot="bot-{season}", updated="Capabilities"),
        _admin("bot.start", bot="bot-{season}"),
    ),
    (
        _in_app("clusters.add", cluster="night"),
        _in_app("clusters.update", "details", cluster="night", **_DESCRIBED, **_MACHINES),
        _in_app("clusters.update", "name", old_name="night", new_name="nights"),
    ),
    *_table("jiffy-tables", "Bookings"),
    (_admin("ldap-settings.add", ldap_url="ldaps://directory.{domain}"), _admin("server-settings.update", "email")),
    (
        _in_app("filesets.add", fileset="Tickets"),
        _in_app("filesets.update", old_name="Tickets", new_name="Boarding passes"),
        _in_app("filesets.delete", fileset="Boarding passes"),
    ),
    (
        _in_app("sql-datasets.add", sql_dataset="Fares"),
        _in_app("sql-datasets.update", "modified", sql_dataset="Fares"),
        _in_app("db-configurations.add", db_configuration="warehouse", connection_type="PostgreSQL"),
    ),
    (
        _in_app("sql-datasets.update", "name", old_name="Fares", new_name="Fares by day"),
        _in_app("sql-datasets.delete", sql_dataset="Fares by day"),
    ),
    (
        _in_app("csv-datasets.add", csv_dataset="Airports"),
        _in_app("csv-datasets.update", old_name="Airports", new_name="Airports and cities"),
        _in_app("csv-datasets.delete", csv_dataset="Airports and cities"),
    ),
    (
        _in_app("presentations.add", presentation="Overview"),
        _in_app("forms.add", form="Passenger"),
        _in_app("ui-components.add", ui_component="Seat map"),
    ),
    (
        _in_app("ui-controls.add", ui_control="Search button", **_NODE),
        _in_app("ui-controls.update", ui_control="Search button", **_NODE, fields="Label, Width"),
        _in_app("ui-controls.delete", ui_control="Search button", **_NODE),
    ),
    (
        _in_app("ui-components.update", "fields", ui_component="Seat map", fields="Rows"),
        _in_app("ui-components.update", "name", old_name="Seat map", new_name="Cabin"),
        _in_app("ui-components.delete", ui_component="Cabin"),
    ),
    (
        _in_app("configurations.add", configuration="Textlearning_Web", **_NODE),
        _in_app("configurations.update", configuration="Textlearning_Web", **_NODE, fields="Threshold"),
        _in_app("configurations.delete", configuration="Textlearning_Web", **_NODE),
    ),
    *_template("xml"),
    *_table("doc-tables", "Contracts"),
    *_template("json"),
    (
        _in_app("functions.add", user_defined_function="round_fare"),
        _in_app("functions.update", user_defined_function="round_fare", fields="Body"),
        _in_app("functions.delete", user_defined_function="round_fare"),
    ),
    (
        _in_app("task.create", **_TASK, task_id="T-{season}", priority="Medium", version="1"),
        _in_app("task.start", "design-canvas", **_TASK, status="failure"),
        _in_app("task.update", **_TASK, task_id="T-{season}", priority="High", version="2"),
        _in_app("task.start", "child-design-canvas", parent_task="Nightly import", child_task="Clean up"),
        _in_app("task.stop", "design-canvas", **_TASK),
    ),
    (
        _in_app("task.start", "child-execution-screen", parent_task="Nightly import", child_task="Clean up"),
        _in_app("task.stop", "execution-screen", **_TASK),
        _in_app("clusters.update", "name-and-details", old_name="nights", new_name="batch", **_DESCRIBED, **_MACHINES),
    ),
    (
        _in_app("secure-vault.add", "cyberark-off", secure_key="airline-api"),
        _in_app("secure-vault.update", "cyberark-off", secure_key="airline-api"),
    ),
    (
        _admin("tenant-vault.add", "cyberark-off", secure_key="smtp-password"),
        _admin("tenant-vault.update", "cyberark-off", secure_key="smtp-password"),
    ),
    (
        _in_app("secure-vault.add", "cyberark-on", secure_key="airline-sso"),
        _in_app("secure-vault.update", "cyberark-on", secure_key="airline-sso"),
    ),
    (
        _admin("tenant-vault.add", "cyberark-on", secure_key="ldap-bind"),
        _admin("tenant-vault.update", "cyberark-on", secure_key="ldap-bind"),
        _admin("ldap-settings.update", ldap_url="ldaps://directory.{domain}"),
    ),
    (
        _admin("app-categories.add", app_category="Travel"),
        _admin("app-categories.update", app_category="Travel", new_name="Journeys"),
        _admin("app-categories.delete", app_category="Journeys"),
    ),
    (_admin("license.download"), _admin("license.upload"), _admin("user.profile-update", "organization")),
    (_in_app("export.export"), _in_app("import.import", "custom", imported="Nightly import, Order, Overview")),
    (_in_app("import.import", "all"), _newcomer("user.login"), _newcomer("user.profile-update", "information")),
    (
        _admin("user.invite", "create-apps", user="{guest}"),
        _admin("user.invite", "admin-create-apps", user="{guest}", status="failure"),
    ),
    (
        _in_app("app-users.update", "role-removed", user="{newcomer}", roles="Approver"),
        _in_app("apps.update", "role-removed", user="{newcomer}", roles="Designer"),
        _in_app("app-users.delete", user="{newcomer}"),
    ),
    (
        _in_app("custom-role.update", "role-and-presentation", **_RENAMED, **_SHOWN),
        _in_app("custom-role.delete", user_role="Approver"),
        _in_app("clusters.delete", cluster="batch"),
    ),
    (
        _admin("bot.stop", bot="bot-{season}"),
        _admin("bot.upgrade", bot="bot-{season}", version="5.2.{season}"),
        _admin("bot.delete", bot="bot-{season}"),
    ),
    (_admin("user.deactivate", user="{newcomer}"), _admin("user.activate", user="{newcomer}")),
    (_admin("tenant.deactivate", tenant="{partner}"), _admin("tenant.delete", tenant="{partner}")),
    (_admin("user.archive", user="{newcomer}"), _admin("user.delete", user="{guest}")),
)
