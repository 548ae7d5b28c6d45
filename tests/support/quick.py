"""Run the quick tests of some wings, and say what was left out: what ``make quick`` ends with.

Usage: ``quick.py [WING …]``. Without a wing: those whose files differ from the main branch, or,
where none does, a few that are over soon.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TESTS = ROOT / "tests"
WINGS = sorted(
    {path.parent.relative_to(TESTS).parts[0] for path in TESTS.glob("*/test_*.py")} - {"system"}
)
LIGHT = ["book", "pages", "sound"]
# Folders beside the package, and the tests that read them.
READERS = {"firmware": "chip", "data": "corpora", "notebooks": "book", "book": "book"}


def wing_of(path):
    """Folder of tests that a file of the repository belongs to, if any."""
    first, *rest = Path(path).parts
    if path.startswith("book/live/"):
        return "live"
    if first in ("lstm_se", "tests"):
        return rest[0] if rest[0] in WINGS else None
    return READERS.get(first)


def git(*arguments):
    """Lines of what git says; none if this is no repository."""
    done = subprocess.run(["git", *arguments], capture_output=True, text=True, cwd=ROOT)
    return done.stdout.splitlines() if done.returncode == 0 else []


def changed():
    """Files that differ from where this branch left the main one, or are new."""
    bases = [base for name in ("origin/main", "main") for base in git("merge-base", "HEAD", name)]
    base = [*bases, "HEAD"][0]
    return git("diff", "--name-only", base) + git("ls-files", "--others", "--exclude-standard")


def choose(named, files):
    """Wings to test, and why these."""
    touched = sorted({wing_of(file) for file in files} - {None})
    if named:
        return sorted(named), "as asked for"
    return (touched, "changed") if touched else (LIGHT, "light; no wing differs from main")


def main(named):
    unknown = set(named) - set(WINGS)
    if unknown:
        sys.exit(f"error: no wing {', '.join(sorted(unknown))}: choose from {', '.join(WINGS)}")
    wings, reason = choose(named, changed())
    others = [wing for wing in WINGS if wing not in wings]
    print(f"testing {', '.join(wings)} ({reason})", flush=True)
    tests = [*map(str, sorted(TESTS.glob("test_*.py"))), *(f"tests/{wing}" for wing in wings)]
    options = [
        "-q",
        "-p",
        "no:nbval",
        "-m",
        "not slow",
    ]  # nbval is slow to start
    command = [sys.executable, "-m", "pytest", *options, *tests]
    code = subprocess.run(command, cwd=ROOT).returncode
    print(f"left out: tests marked slow, the notebooks, and {', '.join(others) or 'no wing'}")
    print("`make test` runs everything")
    sys.exit(code)


if __name__ == "__main__":
    main(sys.argv[1:])
