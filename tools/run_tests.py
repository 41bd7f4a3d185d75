"""All tests, in two halves side by side: conversations wait for real time, the others compute.

    python tools/run_tests.py [PYTEST ARGUMENTS]

With arguments it is one pytest with these. Exit 1 if anything failed.
"""

import subprocess
import sys
import tempfile

HALVES = {
    "everything but conversations": "not (conversation or perf)",
    "conversations and benchmarks": "conversation or perf",
}
LIMIT_S = 3_600


def pytest(*arguments: str) -> list[str]:
    """The command line of one run."""
    return [sys.executable, "-m", "pytest", *arguments]


def main(arguments: list[str]) -> int:
    """Run; the second half is shown when the first one has ended."""
    if arguments:
        return subprocess.run(pytest(*arguments), check=False).returncode
    (shown, first), (hidden, second) = HALVES.items()
    with tempfile.TemporaryFile() as output:
        line = pytest("-m", second, "-p", "no:cacheprovider")
        beside = subprocess.Popen(line, stdout=output, stderr=subprocess.STDOUT)
        try:
            print(f"{hidden}: beside {shown}, shown afterwards", flush=True)
            codes = [subprocess.run(pytest("-m", first), check=False, timeout=LIMIT_S).returncode]
            codes.append(beside.wait(LIMIT_S))
        finally:
            beside.terminate()
            beside.wait()
            output.seek(0)
            print(f"\n{hidden}:", flush=True)
            sys.stdout.write(output.read().decode(errors="replace"))
    return int(any(codes))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
