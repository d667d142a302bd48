"""Publishing while the lander is killed and started again, at moments that chance has chosen.

Belongs here: the order of deaths and publishing. Does not: expectations.
"""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING

from iot_assets_tests.story.processes import wait_for
from iot_assets_tests.story.publisher import Publisher

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from iot_assets_tests.story.processes import House


def publish_through_kills(
    house: House, port: int, messages: Sequence[tuple[str, bytes]], *, chance: Random, kills: int, per_second: float
) -> Counter[bytes]:
    """Publish all, kill the lander so often meanwhile, wait until all has landed, end the last lander.

    Returns the payloads that the broker confirmed to the publisher, and how often.
    """
    lander = house.lander()
    deaths = sorted(chance.sample(range(len(messages) // 50, len(messages)), kills))
    with Publisher(port, messages, per_second=per_second, limit=0) as publisher:
        for death, next_death in zip(deaths, [*deaths[1:], len(messages)], strict=True):
            # Publishing goes on beyond a death, but no further than the next: there is to be someone to kill.
            publisher.limit = next_death
            publisher.wait(death)
            time.sleep(chance.uniform(0, 0.1))
            lander.kill()
            lander = house.lander()
        publisher.wait()
    promised = Counter(payload for _, payload in publisher.promised)
    assert promised.total() == len(messages)
    wait_for(lambda: not promised - house.landed(), "every message that the broker had confirmed", pause=1)
    lander.end()
    return promised
