"""The functions by name, and the module that holds the handler of each."""

_MODULES = {
    "exports": "exports.api_handler",
    "export": "exports.worker_handler",
    "streams": "streams.api_handler",
    "fan_out": "streams.fan_out_handler",
    "redeliver": "streams.redeliver_handler",
    "replay": "streams.replay_handler",
    "forget": "forget.api_handler",
    "sweep": "forget.sweep_handler",
}
"""The modules of functions that share a folder with others; every other function has `<name>.handler`."""


def module_of(function: str) -> str:
    """The module, below `lambdas/`, whose `handler` Lambda calls."""
    return _MODULES.get(function, f"{function}.handler")
