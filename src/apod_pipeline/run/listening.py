"""Whoever wants to know how runs go is told, and cannot change it.

Takes listeners and what to tell them. Never raises what they raise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from apod_pipeline.ports import Listener


def tell_listeners(listeners: Iterable[Listener], tell: Callable[[Listener], object]) -> None:
    """Tell every listener; one that fails is logged, without what it said: that may hold an address with a secret."""
    for listener in listeners:
        try:
            tell(listener)
        except Exception as error:  # noqa: BLE001 - whoever listens must not change how a run ends
            import logging

            name, why = type(listener).__name__, type(error).__name__
            logging.getLogger(__name__).error("the listener %s failed: %s", name, why)  # noqa: TRY400 - see above
