"""Run the upgrade of a stack, as supervisord does."""

from streamtalk.cli.upgrade.bringing import run

if __name__ == "__main__":
    run()
