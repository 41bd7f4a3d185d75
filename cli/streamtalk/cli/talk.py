"""`streamtalk talk`: a conversation by microphone and loudspeaker, watched in the terminal."""

import secrets
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.live import Live

from streamtalk.cli.configuration import check
from streamtalk.cli.keyboard import Keyboard
from streamtalk.cli.options import (
    ConfigOption,
    ProfileOption,
    RunDirOption,
    find_config,
    find_run_dir,
)
from streamtalk.cli.signals import all_as_interrupts, uninterrupted
from streamtalk.cli.stack import Stack
from streamtalk.cli.talk_demo import talk_with_itself
from streamtalk.cli.talk_link import TalkLink
from streamtalk.cli.talk_view import plain_lines, turn_text
from streamtalk.cli.up import start_and_wait
from streamtalk.proto.errors import InputError
from streamtalk.proto.topics import is_session_id

_DEVICES_S: Final = 6.0
_FRAME_MS: Final = 50.0
_LOOKING: Final = "opening"


def talk(
    session: Annotated[str, typer.Option(help="Resume this session.")] = "",
    language: Annotated[str, typer.Option(help="en, zh, or auto.")] = "auto",
    keep: Annotated[bool, typer.Option("--keep", help="Leave the stack running.")] = False,
    out_dir: Annotated[
        Path | None, typer.Option(help="Where the WAV files go without a microphone.")
    ] = None,
    run_dir: RunDirOption = None,
    config: ConfigOption = None,
    profile: ProfileOption = None,
) -> None:
    """Talk with it; without a microphone it shows what it can with a question of its own."""
    name = session or f"talk-{secrets.token_hex(4)}"
    if not is_session_id(name):
        message = f"a session is 1 to 64 of a-z, 0-9 and '-', not {name!r}"
        raise InputError(message)
    stack = Stack(find_run_dir(run_dir))
    with all_as_interrupts(), _running(stack, find_config(config), profile, keep=keep):
        with TalkLink(stack.run_dir, name, language) as link:
            absent = _await_devices(link)
            if not absent:
                _converse(link)
        if absent:
            typer.echo(f"No microphone here: {absent}.\nSo it asks itself, from a WAV file.\n")
            talk_with_itself(stack.run_dir, out_dir, name)


@contextmanager
def _running(
    stack: Stack, config: Path | None, profile: str | None, *, keep: bool
) -> Iterator[None]:
    """A stack for the time of the block; one that ran before goes on running."""
    if stack.running:
        yield
        return
    check(config, profile)
    for reason in start_and_wait(stack, config, profile, 60.0).missing:
        # What is missing of sound is told where it matters.
        if not reason.startswith("audio_io"):
            typer.echo(f"streamtalk: without {reason}", err=True)
    try:
        yield
    finally:
        if not keep:
            with uninterrupted(), Console(stderr=True).status("stopping"):
                stack.stop()


def _await_devices(link: TalkLink) -> str:
    """Until the microphone is open; returns why there is none, or nothing."""
    deadline = time.monotonic() + _DEVICES_S
    with Console(stderr=True).status("opening microphone and loudspeaker"):
        while time.monotonic() < deadline:
            link.serve(_FRAME_MS)
            audio = link.view.audio
            held = audio is not None and audio.session == link.session
            # Until the device has been looked for, it counts as absent, "opening".
            if audio is None or not held or audio.reason.startswith(_LOOKING):
                continue
            if audio.capture != "closed":
                return audio.reason if audio.capture == "absent" else ""
    return link.view.refusal


def _converse(link: TalkLink) -> None:
    """Until q or Ctrl-C."""
    if not sys.stdout.isatty():
        _print_plain(link)
        return
    console = Console()
    with Keyboard() as keyboard, Live(console=console, auto_refresh=False) as live:
        if keyboard.descriptor is not None:
            link.loop.watch(keyboard.descriptor)
        try:
            while not (link.serve(_FRAME_MS) and _press(link, keyboard.read())):
                for turn in link.view.finished():
                    console.print(turn_text(turn), end="\n\n")
                if news := link.view.upgrade_news():
                    console.print(f"! {news}", style="yellow", end="\n\n")
                live.update(link.view.render(), refresh=True)
        except KeyboardInterrupt:
            pass
        finally:
            if keyboard.descriptor is not None:
                link.loop.unwatch(keyboard.descriptor)
            last = link.view.close()
            live.update("", refresh=True)
            for turn in last:
                console.print(turn_text(turn))


def _press(link: TalkLink, keys: str) -> bool:
    """Do what each key says; returns whether to quit."""
    for key in keys.lower():
        audio = link.view.audio
        if key in "q\x04":
            return True
        if key == "m":
            link.set_microphone(muted=not (audio and audio.muted))
        elif key == "p":
            link.view.talking = False
            link.set_microphone(push_to_talk=not (audio and audio.push_to_talk), talking=False)
        elif key == " " and audio is not None and audio.push_to_talk:
            link.view.talking = not link.view.talking
            link.set_microphone(talking=link.view.talking)
    return False


def _print_plain(link: TalkLink) -> None:
    """One line for each thing that happens, for pipes and files."""
    told: list[str] = []
    audio = link.view.audio
    if audio is not None:
        print(f"listening: {audio.capture_device or 'no microphone'}", flush=True)
    try:
        while True:
            link.serve(_FRAME_MS)
            _print_news(link, told)
            told = link.view.notices()
    except KeyboardInterrupt:
        for turn in link.view.close():
            print("\n".join(plain_lines(turn)), flush=True)


def _print_news(link: TalkLink, told: list[str]) -> None:
    for turn in link.view.finished():
        print("\n".join(plain_lines(turn)), flush=True)
    if news := link.view.upgrade_news():
        print(f"! {news}", flush=True)
    for notice in link.view.notices():
        if notice not in told:
            print(f"! {notice}", flush=True)
