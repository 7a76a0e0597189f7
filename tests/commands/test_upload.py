import csv
import json
from pathlib import Path

import pytest

from tests.commands.conftest import Run
from tests.intake.office import GLN, RIGHT, STRANGER, Office, csv_of
from webapp.models import Site


def file_of(folder: Path, *rows: dict, kind: str = "sites") -> Path:
    path = folder / f"{kind}.csv"
    path.write_text(csv_of([RIGHT[kind] | row for row in rows]), encoding="utf-8")
    return path


def test_a_bare_home_is_made_and_the_enterprise_introduced(run: Run, home: Path, tmp_path: Path) -> None:
    ended = run("upload", "sites", file_of(tmp_path, {}), "--as", GLN)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == "sites.csv: accepted (sites, 1 rows: 1 accepted, 0 there already, 0 rejected)\n"
    assert {"saltcheck.db", "keys.json"} <= {path.name for path in home.iterdir()}


def test_rows_refused_are_told_and_the_exit_code_says_partly_or_all(office: Office, run: Run, tmp_path: Path) -> None:
    ended = run("upload", "sites", file_of(tmp_path, {"phone": "1"}, {"gln": "1"}), "--as", GLN)
    assert ended.code == 3
    assert "3    gln     gln   '1' is not a GLN" in ended.out
    assert "1 of 2 rows were refused" in ended.err
    ended = run("upload", "sites", file_of(tmp_path, {"gln": "1"}), "--as", GLN, "--language", "zh")
    assert (ended.code, "不是有效的 GLN" in ended.out) == (4, True)


def test_a_dry_run_changes_nothing(office: Office, run: Run, tmp_path: Path) -> None:
    before = office.count()
    ended = run("upload", "sites", file_of(tmp_path, {"phone": "1"}), "--as", GLN, "--dry-run")
    assert "would be 1 accepted" in ended.out
    assert office.count() == before
    assert office.one(Site, gln=GLN)["phone"] == RIGHT["sites"]["phone"]


def test_fifty_errors_are_shown_and_all_are_written(office: Office, run: Run, tmp_path: Path) -> None:
    rows = [{"gln": f"=cmd|{n}"} for n in range(60)]
    ended = run("upload", "sites", file_of(tmp_path, *rows), "--as", GLN, "--errors-csv", tmp_path / "errors.csv")
    assert "and 10 more" in ended.out
    with (tmp_path / "errors.csv").open(encoding="utf-8-sig", newline="") as file:
        written = list(csv.reader(file))
    assert (written[0], len(written)) == (["row", "column", "code", "message"], 61)
    assert not any(cell.startswith("=") for row in written for cell in row)


def test_the_answer_as_json_is_the_apis(office: Office, run: Run, tmp_path: Path) -> None:
    answer = json.loads(run("upload", "sites", file_of(tmp_path, {"gln": "1"}), "--as", GLN, "--json").out)
    assert list(answer) == ["id", "status", "rows", "accepted", "rejected", "duplicates", "errors"]
    assert list(answer["errors"][0]) == ["row", "column", "code", "message"]


@pytest.mark.parametrize(("words", "code", "said"), [
    (("spoons", "here.csv", "--as", GLN), 2, "known: sites, products"),
    (("sites", "nowhere.csv", "--as", GLN), 4, "nowhere.csv cannot be read: No such file"),
    (("sites", "/", "--as", GLN), 4, "Is a directory"),
    (("sites", "here.csv", "--as", "123"), 2, "--as: GLN '123'"),
    (("sites", "here.csv", "--as", GLN, "--language", "fr"), 2, "zh or en"),
    (("sites", "here.csv", "--as", GLN, "--errors-csv", "/nowhere/e.csv"), 4, "/nowhere/e.csv cannot be written"),
])
def test_a_mistake_is_one_line(
        run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple, code: int, said: str) -> None:
    monkeypatch.chdir(tmp_path)
    file_of(tmp_path, {}).rename(tmp_path / "here.csv")
    ended = run("upload", *words)
    assert ended.code == code
    assert said in ended.err


def test_an_unknown_enterprise_is_told_what_to_do(run: Run, tmp_path: Path) -> None:
    ended = run("upload", "sites", file_of(tmp_path, {}), "--as", STRANGER)
    assert (ended.code, "name this GLN in a sites file first" in ended.out) == (4, True)


def test_a_database_that_is_away_is_exit_5(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALTCHECK_DATABASE_URL", "postgresql://u:p@127.0.0.1:1/x")
    ended = run("upload", "sites", file_of(tmp_path, {}), "--as", GLN)
    assert ended.code == 5
    assert "does not answer" in ended.err


def test_production_is_not_migrated_behind_the_operators_back(
        run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALTCHECK_BASE_URL", "https://salt.example")
    ended = run("upload", "sites", file_of(tmp_path, {}), "--as", GLN)
    assert (ended.code, "run: ./saltcheck db upgrade" in ended.err) == (4, True)
