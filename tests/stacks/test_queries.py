"""The saved queries: what operators ask the logs."""

from tests.support.templates import Stack


def test_the_first_query_finds_a_call_by_the_id_that_no_caller_can_choose(service: Stack) -> None:
    """In the gateway's log and in the logs of all functions that answer calls. The names keep the queries in order."""
    saved = service.properties("AWS::Logs::QueryDefinition").values()
    first = min(saved, key=lambda each: str(each["Name"]))
    assert first["Name"] == "Daybook/1 One call, by its extended request id (x-amz-apigw-id)"
    assert 'filter extended_request_id = "ID"' in first["QueryString"]
    groups = {service.read(group) for group in first["LogGroupNames"]}
    assert {"GatewayAccessLog", "AuthorizeLog", "IngestLog", "QueryLog", "PublicLog"} <= groups
    assert not {"FanOutLog", "ExportLog"} & groups


def test_every_query_asks_logs_that_exist(service: Stack) -> None:
    """Insights takes at most 50 at once."""
    groups = set(service.properties("AWS::Logs::LogGroup"))
    for query in service.properties("AWS::Logs::QueryDefinition").values():
        asked = {service.read(group) for group in query["LogGroupNames"]}
        assert asked
        assert asked <= groups
        assert len(asked) <= 50
