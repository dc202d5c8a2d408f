"""The converter, which stops in its first step, while the folder of the voice is being written, until it is ended."""

import signal
import sys

from convert import __main__ as converter


def convert_and_stop(title: str, conversion: converter.Callable[[converter.Progress], object]) -> None:
    print(f"{title}:", file=sys.stderr)
    conversion(stop)


def stop(step: str) -> None:
    print(f"  {step}", file=sys.stderr)
    while True:
        signal.pause()


converter.run_conversion = convert_and_stop
sys.exit(converter.main())
