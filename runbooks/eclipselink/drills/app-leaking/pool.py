"""So many connections at once, and no more. The bad release: no connection ever comes back."""
import contextlib
import threading


class Pool:
    def __init__(self, size):
        self.free = threading.Semaphore(size)

    @contextlib.contextmanager
    def connection(self):
        if not self.free.acquire(blocking=False):
            raise OSError("no connection of the pool is free")
        yield
