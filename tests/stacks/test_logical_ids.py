"""CloudFormation takes a resource with another logical id for another resource: it would make an empty table."""

from infra.deployment import STORAGE
from infra.local.template import Templates

# Whatever holds what can't be made again.
STATEFUL = {
    "AppendParkedQueueDead21DA2E2A",
    "AppendParkedQueueE99D406E",
    "CanaryKey53D2D0D1",  # its loss costs a run of `infra.operate.set_up_canary`
    "CheckpointsBucket6BA0C50D",
    "ControlTable70B6FEE0",
    "CredentialsTable401B582A",
    "DrainQueue1C91E7AD",
    "EventsTable4B7491D3",
    "ExportQueueDB8F518C",
    "ExportQueueDead4107DBD2",
    "ExportsBucket54D5CE64",
    "FailedBatchesBucketD51F47E2",
    "HeadKey1PairA293378D",
    "IdentitiesTableC87DF801",
    "Key961B73FD",
    "LedgerSweepQueue661C6D81",
    "LedgerSweepQueueDead0FC0EE6E",
    "LedgerTable9343E4AA",
    "LimitsTableFEDA607B",
    "ReplayQueue9F13378E",
    "ReplayQueueDead35C407D4",
    "RestampQueueDeadDB38C282",
    "RestampQueueF0B2B6B0",
    "RestampRoleA86E801A",  # the events table's policy names it, also after a restore
    "SecretA720EF05",
    "SignQueue255097B2",
    "SignRoleF70C5B8B",  # the signing keys' policies name it
    "SweepQueueA7823E28",
    "SweepQueueDeadEDC3A609",
    "TimeKey1PairB399280F",
}

TRAIL = {"Trail76E5F934", "TrailBucket6C1E344E"}
"""Where the settings ask for them."""

TYPES = (
    "AWS::CloudTrail::Trail",
    "AWS::DynamoDB::Table",
    "AWS::KMS::Key",
    "AWS::S3::Bucket",
    "AWS::SQS::Queue",
    "AWS::SecretsManager::Secret",
)


def test_what_holds_data_keeps_its_logical_id(synthesised: Templates, other: Templates) -> None:
    """All of it is in the storage stack, whatever the settings. A new one is added to the list; one that is deployed
    never leaves it.
    """
    assert [*ids(synthesised).values()] == [STATEFUL, set()]
    assert [*ids(other).values()] == [STATEFUL | TRAIL, set()]


def ids(stacks: Templates) -> dict[str, set[str]]:
    """By stack, that of the storage first. Of the roles those of the storage count: others are made anew."""
    return {
        stack: {
            name
            for name, resource in template["Resources"].items()
            if resource["Type"] in TYPES or (resource["Type"] == "AWS::IAM::Role" and stack.startswith(STORAGE))
        }
        for stack, template in stacks.items()
    }
