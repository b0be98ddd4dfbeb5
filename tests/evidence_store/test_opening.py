"""A store is opened, made or refused with one clear sentence; and what does not need a database does not load one."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from evidence_store import connection, database, keys, schema
from evidence_store.errors import AbsentError, StoreError
from evidence_store.records import Status

from .conftest import Bench

ROOT = Path(__file__).parents[2]


def loaded(program: str) -> set[str]:
    """The top-level modules that a program has loaded when it ends."""
    done = subprocess.run(
        [sys.executable, "-c", f"{program}\nimport sys; print(*{{m.split('.')[0] for m in sys.modules}})"],
        capture_output=True, text=True, check=True, cwd=ROOT,
    )  # fmt: skip
    return set(done.stdout.split())


def test_the_vocabulary_needs_nothing_but_the_standard_library() -> None:
    assert not loaded("import evidence_store.records") & {"sqlalchemy", "cryptography", "orjson", "zstandard", "alembic"}


def test_a_worker_seals_without_a_database(tmp_path: Path) -> None:
    assert not loaded("import evidence_store.sealing, evidence_store.redaction") & {"sqlalchemy", "alembic", "cryptography"}


def test_alembic_is_loaded_for_a_migration_only(tmp_path: Path) -> None:
    program = f"from evidence_store.database import open_store; open_store('sqlite:///{tmp_path}/a.db').close()"
    assert "alembic" in loaded(program)
    assert "alembic" not in loaded(program)


def test_the_migrations_make_the_tables_that_the_code_knows(bench: Bench) -> None:
    with bench.store.database.engine.connect() as opened:
        context = MigrationContext.configure(
            opened, opts={"version_table": "store_schema", "compare_type": False, "compare_server_default": False}
        )
        assert compare_metadata(context, schema.metadata) == []


def test_every_table_of_evidence_is_named_so_and_no_other() -> None:
    assert {t.name for t in schema.metadata.sorted_tables if not t.name.startswith("ev_")} == {
        "writer_fence",
        "schedule",
        "schedule_missed",
    }


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("nonsense", "is not one"),
        ("mysql://u:hunter22@h/db", "SQLite or PostgreSQL"),
        ("sqlite://", "kept in a file"),
        ("sqlite:///:memory:", "kept in a file"),
        ("sqlite+pysqlite:///annexa.db", "kept in a file; name one: sqlite:///"),
        ("sqlite:////nowhere/at/all/annexa.db", "there is no directory"),
        ("postgresql://u:hunter22@127.0.0.1:1/db", "the store failed"),
        ("postgresql+psycopg://u:hunter22@/db?host=/nowhere", "the store failed"),
        ("postgresql+psycopg://u@127.0.0.1:1/db?password=hunter22", "the store failed"),
    ],
)
def test_a_store_that_cannot_be_is_one_sentence_without_a_password(url: str, sentence: str) -> None:
    with pytest.raises(StoreError, match=sentence) as raised:
        database.open_store(url)
    assert "hunter22" not in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.db").write_bytes(b"this is not a database, and long enough to be looked at" * 40)
    with pytest.raises(StoreError, match="not a database"):
        database.open_store(f"sqlite:///{tmp_path}/a.db")


def test_a_store_that_is_not_there_is_not_made_when_it_is_only_read(bench: Bench, tmp_path: Path) -> None:
    with pytest.raises(AbsentError, match="there is no store"):
        database.open_store(f"sqlite:///{tmp_path}/none.db", create=False)
    assert not (tmp_path / "none.db").exists()
    database.open_store(bench.url, create=False).close()


def test_a_store_of_a_newer_version_is_left_alone(bench: Bench) -> None:
    with bench.store.database.writing() as opened:
        opened.exec_driver_sql("UPDATE store_schema SET version_num = '9999'")
    with pytest.raises(StoreError, match="newer Annexa"):
        database.open_store(bench.url)


def test_tables_of_a_store_without_their_schema_are_left_alone(bench: Bench) -> None:
    with bench.store.database.writing() as opened:
        opened.exec_driver_sql("DROP TABLE store_schema")
    with pytest.raises(StoreError, match="does not say of which schema"):
        database.open_store(bench.url)


def test_many_may_open_a_new_store_at_once(url: str) -> None:
    errors: list[Exception] = []

    def work() -> None:
        try:
            database.open_store(url).close()
        except StoreError as error:
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def test_a_session_that_the_database_dropped_is_replaced(bench: Bench) -> None:
    if bench.store.database.sqlite:
        pytest.skip("there is no session to drop")
    bench.run("r1", {"a": {}}, {"a": Status.PASS})
    with sa.create_engine(bench.store.database.url).connect() as other:
        other.execute(
            sa.text(
                "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity "
                "WHERE pid <> pg_backend_pid() AND datname = current_database()"
            )
        )
    assert not bench.verify().contradicted
    bench.run("r2", {"a": {}}, {"a": Status.PASS})
    assert not bench.verify().contradicted


def test_a_writing_that_fails_for_a_moment_is_done_again(lite: Bench) -> None:
    attempts: list[int] = []

    def work(opened: sa.Connection) -> int:
        attempts.append(1)
        if len(attempts) < connection.ATTEMPTS:
            raise sa.exc.OperationalError("x", {}, Exception("database is locked"))
        return opened.exec_driver_sql("SELECT 7").scalar_one()  # type: ignore[no-any-return]  # a row of no declared type

    assert lite.store.database.retrying(work) == 7


def test_a_writing_that_keeps_failing_ends_in_one_sentence(lite: Bench) -> None:
    attempts: list[int] = []

    def work(_opened: sa.Connection) -> int:
        attempts.append(1)
        raise sa.exc.OperationalError("INSERT", {"secret": "x"}, Exception("disk I/O error"))

    with pytest.raises(StoreError, match="the store failed: disk I/O error"):
        lite.store.database.retrying(work)
    assert len(attempts) == connection.ATTEMPTS


def test_known_states_are_a_mapping_that_threads_share(bench: Bench) -> None:
    bench.run("r1", {f"u{n}": {"n": n} for n in range(20)})
    from .conftest import IRELAND

    known = bench.store.knowing().of(IRELAND, "s3.ListBuckets")
    assert len(known) == 20
    assert set(known) == {("aws.s3.bucket", f"u{n}", "config") for n in range(20)}
    salt, digest = known["aws.s3.bucket", "u1", "config"]
    assert (len(salt), len(digest)) == (16, 32)
    with pytest.raises(KeyError):
        known["aws.s3.bucket", "none", "config"]
    assert len(bench.store.knowing().of(IRELAND, "other")) == 0


def test_what_a_run_compares_with_is_what_is_in_force_and_no_more(bench: Bench) -> None:
    from .conftest import IRELAND, OHIO

    assert len(bench.store.knowing().of(IRELAND, "s3.ListBuckets")) == 0
    bench.run("r1", {"u1": {"n": 1}, "u2": {"n": 2}})
    knowing = bench.store.knowing()
    mine, nothing = knowing.of(IRELAND, "s3.ListBuckets"), knowing.of(OHIO, "s3.ListBuckets")
    assert set(mine) == {("aws.s3.bucket", "u1", "config"), ("aws.s3.bucket", "u2", "config")}
    assert (len(nothing), nothing.size, mine.size) == (0, bench.store.size, bench.store.size)
    bench.run("r2", {})
    assert len(bench.store.knowing().of(IRELAND, "s3.ListBuckets")) == 0


def test_what_follows_the_end_of_a_run_follows_its_seal(lite: Bench) -> None:
    with lite.writer() as writer:
        writer.begin("r1", {})
        with pytest.raises(StoreError, match="going on"):
            writer.begin("r2", {})
        writer.end(coverage=[], assessments=[])
        with pytest.raises(StoreError, match="seal it before"):
            writer.record("export", {})
        writer.seal()
        writer.record("export", {})
        writer.seal()
    assert not lite.verify().contradicted


def test_what_a_dead_run_left_is_told_before_anything_else_is_recorded(lite: Bench) -> None:
    with lite.writer() as writer:
        writer.begin("r1", {})
        writer.end(coverage=[], assessments=[])
    with lite.writer() as writer:
        writer.record("export", {})
        writer.seal()
    assert [leaf.kind for leaf in lite.store.leaves()] == ["genesis", "run_start", "run_end", "run_abandoned", "export"]
    assert not lite.verify().contradicted


def test_an_empty_store_is_refused_and_not_sealed(lite: Bench) -> None:
    assert lite.verify().contradicted
    with lite.writer() as writer, pytest.raises(StoreError, match="empty log"):
        writer.seal()


def test_a_name_that_a_log_cannot_have_is_refused(lite: Bench, tmp_path: Path) -> None:
    made = keys.load_or_create(tmp_path / "annexa.key")
    with pytest.raises(ValueError, match="cannot name a log"), lite.store.writer(made, origin="a b", clock=lite.clock):
        raise AssertionError("a writer of an unnamed log")
