"""So many connections at once, and no more."""
import contextlib
import threading


class Pool:
    def __init__(self, size):
        self.free = threading.Semaphore(size)

    @contextlib.contextmanager
    def connection(self):
        if not self.free.acquire(timeout=1):
            raise OSError("no connection of the pool is free")
        try:
            yield
        finally:
            self.free.release()
