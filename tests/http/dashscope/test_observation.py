"""What operators see of tasks: times to first audio, characters, lines of the log, and no texts in them."""

import logging
import re

from server.logs.console import ConsoleFormatter

SECRET = "我的秘密"


def value(metrics: str, name: str, **labels: str) -> float:
    shown = ",".join(f'{label}="{each}"' for label, each in labels.items())
    return float(re.search(rf"^{name}\{{{shown}\}} (\S+)$", metrics, re.MULTILINE)[1])


async def test_each_task_has_one_time_to_first_audio(serving, connect):
    async with serving() as client, connect(client) as raw:
        for number in range(2):
            await raw.run("你好", task_id=f"task-{number}")
            await raw.until("task-finished")
        metrics = await (await client.get("/metrics")).text()
    assert value(metrics, "sambert_first_audio_seconds_count", api="websocket") == 2
    assert value(metrics, "sambert_first_audio_seconds_count", api="http") == 0
    assert value(metrics, "sambert_characters_total", voice="demo") == 4


async def test_no_text_of_a_task_is_in_the_log_but_the_id_of_its_connection_is(serving, connect, demo, caplog):
    caplog.set_level(logging.DEBUG)
    lines: list[str] = []
    formatter = ConsoleFormatter()
    caplog.handler.setFormatter(formatter)
    demo.fails_after = (0, ValueError(f"no unit for {SECRET}"))
    async with serving() as client, connect(client) as raw:
        await raw.run(SECRET, instruction=f"请用{SECRET}")
        await raw.until("task-failed")
    lines = caplog.handler.stream.getvalue().splitlines()
    assert SECRET not in "".join(lines)
    (failed,) = [line for line in lines if "a task failed" in line]
    assert re.search(r": a task failed: ValueError \[[0-9a-f]{32}\]$", failed)
