"""Kinesis, STS and SQS over HTTP, in a process of their own. Streams may answer late, refuse, or never answer.

It stores when each record came, under the id of its event. Processes of one machine share the monotonic clock.
`/control/…` is for the benchmark: it sets how streams behave, takes due messages, and reads what came.
"""

import asyncio
import base64
import hashlib
import json
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec

from infra import ROOT

KINESIS_SECONDS = 0.015
STS_SECONDS = 0.03
"""How long AWS takes for each, as observed from a function in the same region."""

ACCOUNT = "123456789012"
_NEVER = 3_600.0
_SESSION = """<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
<AccessKeyId>bench</AccessKeyId><SecretAccessKey>bench</SecretAccessKey><SessionToken>bench</SessionToken>
<Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"""

Reply = tuple[int, str, str]
"""Status, content type, content."""


class _Native(msgspec.Struct):
    id: str


_id_of = msgspec.json.Decoder(_Native).decode


class Aws:
    """The state that all connections share."""

    def __init__(self) -> None:
        self.behaviour: dict[str, dict[str, Any]] = {}
        self.came: dict[str, float] = {}
        self.counts: Counter[str] = Counter()
        self.queue: list[tuple[float, str]] = []

    async def answer(self, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        if path.startswith("/control/"):
            answer = getattr(self, f"control_{path.rpartition('/')[2]}")(json.loads(body))
            return 200, "application/json", json.dumps(answer)
        target = headers.get("x-amz-target", ".AssumeRole").rpartition(".")[2]
        self.counts[target] += 1
        calls: dict[str, Callable[[bytes], Awaitable[Reply]]] = {
            "AssumeRole": self._assume_role,
            "PutRecords": self._put_records,
            "SendMessage": self._send_message,
            "SendMessageBatch": self._send_message_batch,
        }
        return await calls[target](body)

    async def _assume_role(self, _body: bytes) -> Reply:
        await asyncio.sleep(STS_SECONDS)
        return 200, "text/xml", _SESSION

    async def _put_records(self, body: bytes) -> Reply:
        asked = json.loads(body)
        stream = asked["StreamARN"].rpartition("/")[2]
        how = self.behaviour.get(stream, {})
        await asyncio.sleep(how.get("seconds", KINESIS_SECONDS))
        if "error" in how:
            return 400, "application/x-amz-json-1.1", json.dumps({"__type": how["error"], "message": ""})
        now = time.monotonic()
        for record in asked["Records"]:
            self.came.setdefault(_id_of(base64.b64decode(record["Data"])).id, now)
        taken = {"SequenceNumber": "4" * 56, "ShardId": "shardId-000000000000"}
        answer = {"FailedRecordCount": 0, "Records": [taken] * len(asked["Records"])}
        return 200, "application/x-amz-json-1.1", json.dumps(answer)

    async def _send_message(self, body: bytes) -> Reply:
        return 200, "application/x-amz-json-1.0", json.dumps(self._queued(json.loads(body)))

    async def _send_message_batch(self, body: bytes) -> Reply:
        sent = [{"Id": entry["Id"], **self._queued(entry)} for entry in json.loads(body)["Entries"]]
        return 200, "application/x-amz-json-1.0", json.dumps({"Successful": sent, "Failed": []})

    def _queued(self, message: Mapping[str, Any]) -> dict[str, str]:
        self.counts["messages"] += 1
        self.queue.append((time.monotonic() + message.get("DelaySeconds", 0), message["MessageBody"]))
        digest = hashlib.md5(message["MessageBody"].encode(), usedforsecurity=False).hexdigest()
        return {"MessageId": str(self.counts["messages"]), "MD5OfMessageBody": digest}

    def control_behave(self, asked: dict[str, dict[str, Any]]) -> None:
        self.behaviour |= asked

    def control_clear(self, _asked: None) -> None:
        """Forgets records, counts and messages. Streams behave as before."""
        self.came.clear()
        self.counts.clear()
        self.queue.clear()

    def control_came(self, _asked: None) -> dict[str, float]:
        return self.came

    def control_counts(self, _asked: None) -> dict[str, int]:
        return {**self.counts, "records": len(self.came), "waiting": len(self.queue)}

    def control_take(self, most: int) -> list[str]:
        """Up to `most` due messages, the longest due first. They are no longer in the queue."""
        now = time.monotonic()
        self.queue.sort()
        due = [body for at, body in self.queue[:most] if at <= now]
        del self.queue[: len(due)]
        return due

    def control_put_back(self, asked: list[Any]) -> None:
        seconds, bodies = asked
        self.queue += [(time.monotonic() + seconds, body) for body in bodies]


async def _serve(aws: Aws, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            status, kind, text = await aws.answer(head[0].split()[1], headers, body)
            content = text.encode()
            fields = f"Content-Type: {kind}\r\nContent-Length: {len(content)}\r\nx-amzn-RequestId: 1\r\n"
            writer.write(f"HTTP/1.1 {status} Answer\r\n{fields}\r\n".encode() + content)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()  # the client has closed the connection, for example after a time-out


async def _main() -> None:
    aws = Aws()
    server = await asyncio.start_server(
        lambda reader, writer: _serve(aws, reader, writer), "127.0.0.1", 0, limit=16 * 1024 * 1024, backlog=4_096
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)  # ends with the process that started it


class AwsStub:
    """The benchmark's side of it."""

    def __init__(self, url: str) -> None:
        self.url = url

    def control(self, what: str, asked: Any = None) -> Any:
        request = urllib.request.Request(f"{self.url}/control/{what}", json.dumps(asked).encode())  # noqa: S310  local
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
            return json.load(answer)

    def behave(self, streams: Sequence[str], **how: Any) -> None:
        """`seconds` before an answer, `error`: the code of a refusal. Without either: as a healthy stream."""
        self.control("behave", dict.fromkeys(streams, how))

    def never_answers(self, streams: Sequence[str]) -> None:
        self.behave(streams, seconds=_NEVER)

    def clear(self) -> None:
        self.control("clear")

    def came(self) -> dict[str, float]:
        came: dict[str, float] = self.control("came")
        return came

    def counts(self) -> dict[str, int]:
        return Counter(self.control("counts"))


@contextmanager
def aws_stub() -> Iterator[AwsStub]:
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.aws_stub"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout
        yield AwsStub(f"http://127.0.0.1:{int(process.stdout.readline())}")
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    asyncio.run(_main())
