"""The tables of jobs.sqlite."""

import sqlite3
import time

from server.errors import StoreError

VERSION = 1

_SWITCH_SECONDS = 10.0
"""Maximum time that other processes may keep a new file from its journal mode."""

_TABLES = """
CREATE TABLE jobs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    client TEXT NOT NULL,
    name TEXT NOT NULL,
    request TEXT NOT NULL,
    state TEXT NOT NULL,
    parts INTEGER NOT NULL,
    parts_done INTEGER NOT NULL DEFAULT 0,
    characters INTEGER NOT NULL,
    characters_done INTEGER NOT NULL DEFAULT 0,  -- of the parts that are done
    attempts INTEGER NOT NULL DEFAULT 0,
    created REAL NOT NULL,
    started REAL NOT NULL DEFAULT 0,
    ended REAL NOT NULL DEFAULT 0,
    error TEXT NOT NULL DEFAULT '',
    waiting TEXT NOT NULL DEFAULT '',
    waiting_until REAL NOT NULL DEFAULT 0,
    result TEXT,
    webhook TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    digest TEXT NOT NULL,
    events INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX jobs_by_key ON jobs (client, idempotency_key) WHERE idempotency_key != '';
CREATE INDEX jobs_by_client ON jobs (client, number);
CREATE INDEX jobs_unfinished ON jobs (number) WHERE state IN ('queued', 'running');

-- The part after the last one (its index is the number of parts) is the joining of all.
CREATE TABLE parts (
    job INTEGER NOT NULL REFERENCES jobs (number) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    content TEXT NOT NULL,
    characters INTEGER NOT NULL,
    characters_done INTEGER NOT NULL DEFAULT 0,
    state TEXT NOT NULL DEFAULT 'queued',
    attempts INTEGER NOT NULL DEFAULT 0,
    token TEXT NOT NULL DEFAULT '',
    lease_until REAL NOT NULL DEFAULT 0,
    result TEXT,
    PRIMARY KEY (job, position)
) WITHOUT ROWID;
CREATE INDEX parts_open ON parts (job, position) WHERE state != 'done';
CREATE INDEX parts_running ON parts (job, position, characters_done) WHERE state = 'running';
CREATE INDEX parts_leased ON parts (token) WHERE state = 'running';

-- What is read of a job: with the characters of its parts in progress.
CREATE VIEW job_status AS SELECT jobs.*, (
    SELECT COALESCE(SUM(parts.characters_done), 0) FROM parts INDEXED BY parts_running
    WHERE parts.job = jobs.number AND parts.state = 'running'
) AS characters_running FROM jobs;

CREATE TABLE turns (client TEXT PRIMARY KEY, turn INTEGER NOT NULL) WITHOUT ROWID;

CREATE TABLE events (
    job INTEGER NOT NULL REFERENCES jobs (number) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    type TEXT NOT NULL,
    at REAL NOT NULL,
    parts_done INTEGER NOT NULL,
    characters_done INTEGER NOT NULL,
    PRIMARY KEY (job, number)
) WITHOUT ROWID;

CREATE TABLE deliveries (
    id TEXT PRIMARY KEY,
    job INTEGER NOT NULL REFERENCES jobs (number) ON DELETE CASCADE,
    due REAL NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    token TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;
"""


def prepare(connection: sqlite3.Connection, name: str) -> None:
    """Makes the tables in a new file. Raises `StoreError` for a file of another version."""
    _write_ahead(connection)
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA secure_delete = ON")  # texts that are forgotten do not remain in the file
    connection.execute("BEGIN IMMEDIATE")
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version == 0:
        for statement in _statements():
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {VERSION}")
    connection.execute("COMMIT")
    if version not in (0, VERSION):
        raise StoreError(
            f"{name} was written by another version of this program (tables {version}, not {VERSION}); "
            "finish its jobs with that version, or move the file away"
        )


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Switches to the write-ahead log. Two processes that switch a new file at once may refuse each other.

    SQLite does not wait there, whatever the timeout of the connection is.
    """
    end = time.monotonic() + _SWITCH_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() >= end:
                raise
            time.sleep(0.01)
        else:
            return


def _statements() -> list[str]:
    """One statement each: `executescript` would commit before the first one."""
    without_comments = "\n".join(line.partition("--")[0] for line in _TABLES.splitlines())
    return [statement for statement in without_comments.split(";") if statement.strip()]
