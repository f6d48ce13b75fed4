"""What a process keeps in memory between requests, within a bound: what was not used for longest leaves first."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Kept(Generic[Value]):
    """A dictionary of at most `most` by weight (each value counts one unless `weigh` says otherwise). Safe in threads."""

    def __init__(self, most: int, *, weigh: Callable[[Value], int] = lambda value: 1):
        self.most, self.weigh, self.weight = most, weigh, 0
        self._values: OrderedDict[Hashable, Value] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable) -> Value | None:
        with self._lock:
            value = self._values.get(key)
            if value is not None:
                self._values.move_to_end(key)
            return value

    def put(self, key: Hashable, value: Value) -> Value:
        with self._lock:
            self._forget(key)
            self._values[key] = value
            self.weight += self.weigh(value)
            while self.weight > self.most and len(self._values) > 1:
                self._forget(next(iter(self._values)))
            return value

    def drop(self, key: Hashable) -> None:
        with self._lock:
            self._forget(key)

    def clear(self) -> None:
        with self._lock:
            self._values.clear()
            self.weight = 0

    def __len__(self) -> int:
        return len(self._values)

    def _forget(self, key: Hashable) -> None:
        if key in self._values:
            self.weight -= self.weigh(self._values.pop(key))
