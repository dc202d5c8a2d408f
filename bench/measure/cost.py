"""What speech costs, from prices that a person gives and a speed that was measured."""

from dataclasses import dataclass

from bench.measure.rtf import Speed


@dataclass(frozen=True, slots=True)
class Prices:
    """All in one currency."""

    rent: float = 0.0
    """Of the machine, an hour."""
    watts: float = 0.0
    """That it draws, on average."""
    kilowatt_hour: float = 0.0
    use: float = 1.0
    """Share of the time in which it speaks as much as it can, above 0 to 1: the rest is paid for too."""
    currency: str = ""

    @property
    def hour(self) -> float:
        """Of the machine."""
        return self.rent + self.watts / 1000 * self.kilowatt_hour


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one precision."""

    precision: str
    throughput: float
    """Seconds of sound a second, when the machine is fully used."""
    sound_hour: float
    """Price of an hour of sound."""
    request: float
    """Price of the news text of 120 characters."""
    currency: str


def cost(prices: Prices, speed: Speed, cores: int) -> Cost:
    """On a CPU every core is taken to do what CPU time says; on a GPU one stream is taken to follow another."""
    throughput = cores / speed.cpu_rtf if speed.provider == "cpu" and speed.cpu_rtf else 1 / speed.rtf
    second = prices.hour / 3600 / (throughput * prices.use)
    return Cost(
        precision=speed.precision,
        throughput=throughput,
        sound_hour=second * 3600,
        request=second * speed.sound,
        currency=prices.currency,
    )
