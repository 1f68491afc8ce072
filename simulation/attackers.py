"""Attackers: they guess passwords, spray one over many accounts, look for accounts, and knock on closed doors."""

from collections.abc import Callable

from lms.demo.people import address
from simulation.person import Person


class Attacker(Person):
    weight = 1
    per_day = 4.0
    pause_between = (0.5, 2.0)

    def on_start(self) -> None:
        super().on_start()
        self.email = address("student", self.most["student"])
        self.plans: list[Callable[[], None]] = []

    def visit(self) -> None:
        """Each kind of attack in turn, in an order of the attacker's own: a short term sees them all."""
        self.token = ""
        if not self.plans:
            self.plans = self.chooser.sample([self.guess, self.spray, self.knock, self.reset], 4)
        self.plans.pop()()

    def guess(self) -> None:
        """Many passwords for one account, from one source: above ten a minute, and until the limit answers."""
        for number in range(14):
            self.log_in(self.email, f"guess-{number}", expected=(400, 429))
            self.think()

    def spray(self) -> None:
        """One password for many accounts."""
        for number in range(1, 40):
            self.log_in(address("student", 1000 + number), "summer", expected=(400, 429))
            self.think()

    def knock(self) -> None:
        for path in ("/api/v1/me", "/api/v1/people", "/api/v1/analytics/platform", "/api/v1/exam-day") * 3:
            self.call("GET", path, name="knock", expected=(401, 429))
        self.call("GET", "/metrics", name="knock", expected=(200, 403, 404))

    def reset(self) -> None:
        for _ in range(8):
            self.auth("POST", "auth/password/request", {"email": self.email}, expected=(200, 429))
            self.think()
