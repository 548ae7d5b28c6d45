"""What the browsers of the tests have in common."""

import time
from abc import ABC, abstractmethod

SECONDS = 60


class Browser(ABC):
    """Waits for what a page says."""

    @abstractmethod
    def evaluate(self, expression):
        """Value of an expression in the page, awaited, as if a person had asked for it."""

    def wait(self, condition):
        """Until an expression is true."""
        until = time.monotonic() + SECONDS
        while not self.evaluate(condition):
            state = "document.getElementById('status')?.textContent"
            assert time.monotonic() < until, f"{condition} stays false: {self.evaluate(state)}"
            time.sleep(0.05)
