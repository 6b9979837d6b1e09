"""Writes the secret of a tenant's permanent keys into the tenant's row:
`python -m infra.operate.keep_tenant_secret --tenant SLUG --control NAME --secret ARN`.

The keys derive from the deployment's secret and the tenant's code, unless the row holds a secret. With it, the keys
stay the same wherever the row is copied, in another region or account, too. In the deployment where the command runs
nothing changes, and running it twice changes nothing. The secret is not printed.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace

from daybook.aws.control_table.tenants import ControlTable
from daybook.crypto.keys import DeploymentKeys
from daybook.tenant import Tenant
from daybook.tenants.settings import TenantSettings
from infra.operate.aws import Clients, clients, secret_value, which_deployment
from infra.operate.failures import in_sentences
from infra.operate.tables import control_table


def keep(control: ControlTable, keys: DeploymentKeys, tenant: Tenant) -> None:
    """Raises `UnknownTenant`, `Contended`, `Throttled`."""
    code = control.settings(tenant).code

    def with_secret(now: TenantSettings) -> TenantSettings:
        return now if now.secret else replace(now, secret=keys.tenant_secret(code))

    control.change_tenant(code, with_secret)


@in_sentences("")
def main(
    arguments: Sequence[str],
    *,
    connect: Callable[[argparse.Namespace], Clients] = clients,
    read_secret: Callable[[Clients, str], bytes] = secret_value,
) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m infra.operate.keep_tenant_secret",
        parents=[which_deployment()],
        description="Writes the secret of a tenant's permanent keys into the tenant's row, so that the tenant keeps its"
        " keys where its rows are copied to another deployment.",
    )
    parser.add_argument("--tenant", required=True, help="the tenant's name")
    parser.add_argument("--control", required=True, help="the control table's name, an output of the storage stack")
    parser.add_argument("--secret", required=True, help="the ARN of the deployment's secret")
    options = parser.parse_args(arguments)
    aws = connect(options)
    control, keys = control_table(aws("dynamodb"), options.control), DeploymentKeys(read_secret(aws, options.secret))
    keep(control, keys, Tenant(options.tenant))
    sys.stdout.write(f"The row of {options.tenant} holds its secret.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
