"""``python -m iot_assets.demo.broker_process``: the demo's own broker as a process that ends on SIGTERM or SIGINT."""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal

from iot_assets.demo.broker import Broker


async def serve(host: str, port: int) -> None:
    """Run a broker until a signal says stop."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with Broker(host=host, port=port) as broker:
        logging.getLogger(__name__).info("listening on %s:%s (MQTT 3.1.1)", broker.host, broker.port)
        await stop.wait()
        logging.getLogger(__name__).info("stopping; messages dropped: %s", broker.dropped)


def main() -> None:
    """Read the arguments and serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=1883)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    asyncio.run(serve(arguments.host, arguments.port))


if __name__ == "__main__":
    main()
