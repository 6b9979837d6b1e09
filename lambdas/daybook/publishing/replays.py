"""The kind of job that sends events again, as who asks for it and who does it call it."""

REPLAY = "replay"
