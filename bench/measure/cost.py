"""Cost of audio from given prices and measured speed."""

from dataclasses import dataclass

from bench.results.schema import CostResult, RtfResult


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices in one currency."""

    rent: float = 0.0
    """Of the machine, per hour."""
    watts: float = 0.0
    """Average power of the machine."""
    kilowatt_hour: float = 0.0
    utilization: float = 1.0
    """Share of the time in which the machine synthesizes, above 0 to 1; idle time is paid for too."""
    currency: str = ""

    @property
    def machine_hour(self) -> float:
        """Price of the machine per hour."""
        return self.rent + self.watts / 1000 * self.kilowatt_hour


def compute_cost(prices: Prices, speed: RtfResult, cores: int) -> CostResult:
    """Computes the cost of one precision.

    Throughput on a CPU is cores / CPU time for a second of audio, on a GPU 1 / RTF (one stream after another).
    """
    throughput = cores / speed.cpu_rtf if speed.provider == "cpu" else 1 / speed.rtf
    price_per_audio_second = prices.machine_hour / 3600 / (throughput * prices.utilization)
    return CostResult(
        precision=speed.precision,
        throughput=throughput,
        price_per_audio_hour=price_per_audio_second * 3600,
        price_per_request=price_per_audio_second * speed.audio_seconds,
        currency=prices.currency,
    )
