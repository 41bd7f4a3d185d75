"""The bare counterpart of `bench bus`: pyzmq's proxy and an echoing ROUTER, with nothing of ours.

`python -m streamtalk.cli.bench_proxy FOLDER` serves until it is killed.
"""

import sys
import threading
from typing import Any

import zmq


def _echo(context: "zmq.Context[Any]", endpoint: str) -> None:
    router = context.socket(zmq.ROUTER)
    router.bind(endpoint)
    while True:
        router.send_multipart(router.recv_multipart())


def main(folder: str) -> None:
    """Bind `in`, `out` and `echo` in the folder."""
    context: zmq.Context[Any] = zmq.Context()
    echo = threading.Thread(target=_echo, args=(context, f"ipc://{folder}/echo"), daemon=True)
    echo.start()
    inward, outward = context.socket(zmq.XSUB), context.socket(zmq.XPUB)
    inward.bind(f"ipc://{folder}/in")
    outward.bind(f"ipc://{folder}/out")
    zmq.proxy(inward, outward)


if __name__ == "__main__":
    main(sys.argv[1])
