"""`streamtalk devices`: the sound devices, as `[audio_io]` may name them."""

from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from streamtalk.audio_io.devices import Device, list_devices_elsewhere
from streamtalk.audio_io.library import portaudio


def devices(
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """List microphones and loudspeakers."""
    portaudio()
    # In a process of its own: ALSA prints a dozen lines for every device that is not there.
    found = list_devices_elsewhere()
    if as_json:
        typer.echo(msgspec.json.encode(found).decode())
    elif found:
        _show(found)
    else:
        typer.echo("no sound devices: plug one in, or check that this user may open the sound card")


def _show(found: list[Device]) -> None:
    table = Table(box=None, header_style="bold")
    for name in ("index", "name", "by way of", "microphone", "loudspeaker", "rate"):
        table.add_column(name, justify="right" if name in ("index", "rate") else "left")
    for device in found:
        table.add_row(
            str(device.index),
            device.name,
            device.host,
            _use(device.inputs, is_default=device.default_input),
            _use(device.outputs, is_default=device.default_output),
            f"{device.rate_hz:.0f} Hz",
        )
    console = Console()
    console.print(table)
    console.print(
        "\nTo use another one: [bold]audio_io.microphone[/] and [bold]audio_io.loudspeaker[/] in "
        "streamtalk.toml, by index or part of the name.",
        highlight=False,
    )


def _use(channels: int, *, is_default: bool) -> str:
    if not channels:
        return "-"
    word = "channel" if channels == 1 else "channels"
    return f"{channels} {word}{', default' if is_default else ''}"
