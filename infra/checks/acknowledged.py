"""The advice that Daybook does not follow, each with its reason. To acknowledge a finding, add a row here.

Every row has to match a finding in one of the deployments that are checked, so none outlives its reason.
"""

import re
from typing import NamedTuple


class Acknowledgement(NamedTuple):
    rule: str
    """cdk-nag's name of the rule, behind the pack's: `COG4`; with a pattern of the finding in brackets where the rule
    reports several of one resource.
    """
    path: str
    """A pattern of the construct's path below its stack."""
    reason: str

    def covers(self, rule: str, path: str) -> bool:
        return re.fullmatch(self.rule, rule) is not None and re.fullmatch(self.path, path) is not None


ANY = ".*"

ACKNOWLEDGED = (
    # Once a rule, for the whole API or all functions.
    Acknowledgement("COG4", ANY, "callers are products and their admins, with API keys or OIDC tokens, not Cognito"),
    Acknowledgement(
        "APIG4", "Gateway/Api/.*", "health, the OpenAPI document, the console and unknown routes need no credential"
    ),
    Acknowledgement("APIG2", "Gateway/Api/Resource", "the functions validate, and name every fault at once"),
    Acknowledgement("L1", ANY, "Python 3.13 is what the bytecode of the asset is compiled for; it is supported"),
    Acknowledgement("APIG6", "Gateway/.*", "execution logs hold whole URLs, and so the names that people search for"),
    Acknowledgement("APIG3", "Gateway/.*", "WAF is the setting `waf`: it costs, and a private deployment needs none"),
    # Single resources.
    Acknowledgement(
        "S1",
        "Exports/Bucket/.*",
        "each download is an event in the tenant's own log; a link is for one export",
    ),
    Acknowledgement("S1", "Trail/Bucket/.*", "only CloudTrail writes to it, and its digests show a change"),
    Acknowledgement("S1", "FailedBatches/Bucket/.*", "Lambda writes to it, and operators after an alarm"),
    Acknowledgement("S1", "Checkpoints/Bucket/.*", "the signer writes to it; Object Lock keeps every version"),
    Acknowledgement("SMG4", "Secret/.*", "event ids derive from it for ever; rotate_keys rotates the rest"),
    Acknowledgement("SMG4", "CanaryKey/.*", "set_up_canary replaces it; it reaches no tenant but the canary's own"),
    Acknowledgement("SQS3", "Drain/Queue/.*", "a lost message is asked for again; the rows hold what waits"),
    Acknowledgement("SQS3", "Sign/Queue/.*", "a lost request is asked again; a tick finds each log that grew"),
    Acknowledgement("DDB3", "Limits/Table/.*", "counters of minutes and days: nobody restores them"),
    # Wildcards in policies.
    Acknowledgement(
        r"IAM5\[Action::kms:(GenerateDataKey|ReEncrypt)\*\]",
        ".*/(Default)?Policy/.*",
        "DynamoDB asks its callers for these two families, and only through DynamoDB or S3 (kms:ViaService)",
    ),
    Acknowledgement(
        r"IAM5\[Resource::\*\]", ".*/(Default)?Policy/.*", "X-Ray's and dynamodb:ListStreams' actions know no resource"
    ),
    Acknowledgement(
        r"IAM5\[Resource::.*/(files|runs)/\*\]", ".*/(Default)?Policy/.*", "the objects of one folder of one bucket"
    ),
    Acknowledgement(
        r"IAM5\[Resource::.*FailedBatches.*/\*\]",
        "(FanOut|Append)/Role/.*",
        "the objects of a bucket that holds nothing else",
    ),
    Acknowledgement(
        r"IAM5\[Resource::.*Checkpoints.*/\*\]", "SignRole/.*", "the objects of a bucket that holds nothing else"
    ),
    Acknowledgement(
        r"IAM5\[Resource::arn:(<AWS::Partition>|aws):iam::\*:role/\*\]",
        ".*/(Default)?Policy/.*",
        "customers name their roles themselves; conditions demand an external id and another account",
    ),
    Acknowledgement(
        r"IAM4\[Policy::.*AmazonAPIGatewayPushToCloudWatchLogs\]",
        "Gateway/Api/CloudWatchRole/.*",
        "AWS documents this managed policy for the account's logging role",
    ),
)
