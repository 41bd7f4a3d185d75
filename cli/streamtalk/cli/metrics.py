"""`streamtalk metrics`: every counter, in Prometheus' text format."""

from typing import Annotated, Final

import typer

from streamtalk.cli.options import RunDirOption, find_run_dir
from streamtalk.cli.reach import Reach
from streamtalk.client.peer import Peer
from streamtalk.proto.errors import InputError, StreamTalkError
from streamtalk.proto.health import Metrics, MetricsText

_DEADLINE_S: Final = 2.0


def metrics(
    service: Annotated[str, typer.Argument(help="Service or slot; all of them without one.")] = "",
    run_dir: RunDirOption = None,
) -> None:
    """Print the counters of the running services."""
    with Reach(find_run_dir(run_dir)) as reach:
        instances = reach.directory().instances
        chosen = [i for i in instances if service in ("", i.service, i.slot)]
        if not chosen:
            known = ", ".join(sorted({i.service for i in instances}))
            message = f"no service or slot {service!r}: there are {known}"
            raise InputError(message)
        for instance in chosen:
            try:
                with Peer(reach.context, instance.endpoint) as peer:
                    text = peer.call(Metrics(), MetricsText, _DEADLINE_S).text
            except StreamTalkError as error:
                typer.echo(f"streamtalk: {instance.instance}: {error}", err=True)
                continue
            typer.echo(f"# {instance.instance}\n{text.rstrip()}")
