"""Checks by name, each counted once; the last line says `N passed, N failed`."""

import json
import sys
import traceback
from dataclasses import dataclass
from typing import Callable


@dataclass(frozen=True)
class Place:
    """The running gateway, and the models behind it."""

    url: str
    key: str
    models: list[str]
    embedding_models: list[str]


checks: list[tuple[str, Callable[[], None]]] = []


def check(title: str, of: list[str] | None = None):
    """Registers a check, once for each model where it takes one."""

    def register(act):
        if of is None:
            checks.append((title, act))
        for model in of or []:
            checks.append((f"{title}: {model}", lambda model=model: act(model)))
        return act

    return register


def equal(seen, expected) -> None:
    if seen != expected:
        raise AssertionError(f"{seen!r} is not {expected!r}")


def raises(kind: type[Exception], act: Callable[[], object]) -> Exception:
    """The exception of this class that it raises."""
    try:
        act()
    except kind as error:
        return error
    raise AssertionError(f"no {kind.__name__} was raised")


def run() -> int:
    failed = 0
    for title, act in checks:
        try:
            act()
        except Exception:
            failed += 1
            print(f"FAILED {title}\n{traceback.format_exc()}", flush=True)
    print(f"{len(checks) - failed} passed, {failed} failed", flush=True)
    return 1 if failed else 0


place = Place(**json.load(sys.stdin))
