"""Gets the recordings: fetched by git and checked, or a folder of the same kind."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

ADDRESS = "https://github.com/hugolpz/audio-cmn"
COMMIT = "ff9ed3d0c631195bd2c06f39450f3264c7124040"
"""git checks that the content is that of this commit."""
FOLDER = "96k/hsk"
SPEAKER_LICENSE = "CC-by-sa"
"""As the README of the recordings names the license of this folder's speaker, CC BY-SA."""
SPEAKER_CREDIT = "Yue Tan"
PREFIX = "cmn-"
SUFFIXES = (".mp3", ".flac", ".wav")


def fetch(folder: Path, address: str = ADDRESS) -> Path:
    """Fetches the recordings with git into `folder`, unless they are there; returns the folder with the files.

    Raises `SystemExit` if git fails, or if the README does not give the expected license.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / ".git").is_dir():
        _git(folder, "init", "--quiet")
    if not (folder / FOLDER).is_dir():
        print(f"fetching {FOLDER} of {address}, 140 MB", flush=True)
        _git(folder, "fetch", "--quiet", "--depth", "1", address, COMMIT)
        _git(folder, "checkout", "--quiet", COMMIT, "--", FOLDER, "README.md")
    if changed := _git(folder, "diff", "--name-only", COMMIT, "--", FOLDER, "README.md"):
        raise SystemExit(
            f"{folder}: not as in commit {COMMIT}: {changed.split()[0]}; remove the folder and fetch it again"
        )
    check_license(folder / "README.md")
    return folder / FOLDER


def check_license(readme: Path) -> None:
    """Raises `SystemExit` unless one line of the README names the speaker with the license."""
    lines = readme.read_text("utf-8").splitlines()
    if not any(SPEAKER_CREDIT in line and SPEAKER_LICENSE in line for line in lines):
        raise SystemExit(f"{readme} does not say that the recordings of {SPEAKER_CREDIT} are {SPEAKER_LICENSE}")


def recording_files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yields (text, file) of the recordings in a folder, in order; `cmn-名字.mp3` reads 名字.

    Names with other characters than Chinese ones are left out: `从_到_` is a pattern, not a word. Raises `SystemExit`
    if the folder has no recordings.
    """
    found = False
    for path in sorted(folder.iterdir()):
        text = path.stem.removeprefix(PREFIX)
        if path.suffix in SUFFIXES and path.stem.startswith(PREFIX) and all("一" <= char <= "鿿" for char in text):
            found = True
            yield text, path
    if not found:
        raise SystemExit(f"{folder} has no files like {PREFIX}名字{SUFFIXES[0]} (valid: {', '.join(SUFFIXES)})")


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), "-c", "core.quotepath=off", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise SystemExit(
            f"`{' '.join(command)}` failed: {done.stderr.strip()}; "
            "without a network, name a folder: --recordings FOLDER"
        )
    return done.stdout
