"""`hotline notices check`: a city's texts, filled in with sample cases, and everything that is wrong with them."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from hotline.cli import app


def check(*words: str) -> Result:
    return CliRunner().invoke(app, ["notices", "check", *words])


def write(folder: Path, file: str, content: str) -> str:
    path = folder / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
    return str(folder)


def test_the_shipped_texts_are_in_order() -> None:
    result = check()
    assert result.exit_code == 0, result.stderr
    assert result.stdout.endswith(" texts in 2 languages (en, zh) render\n")
    assert int(result.stdout.split()[0]) > 300
    assert result.stderr == ""


def test_a_citys_own_are_counted_with_them(tmp_path: Path) -> None:
    before = int(check().stdout.split()[0])
    result = check(write(tmp_path, "zh/unit.toml", '[urged]\ntext = "{{ to }}：请尽快办理{{ brief }}。"\n'))
    assert result.exit_code == 0, result.stderr
    assert int(result.stdout.split()[0]) == before + 1


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ('[urged]\ntext = "{{ numbr }}"\n', "line 2, urged.text: there is no variable 'numbr'; did you mean number?"),
        ('[urged]\ntext = "{{ change.tims }}"\n', "there is no variable 'change.tims' here; did you mean times?"),
        ('[copied]\ntext = "{{ change.lead }}"\n', "line 2, copied.text: a notice of this kind may have no 'lead'"),
        ('[urged]\ntext = """\n{{ to }}\n{% if due %}\n{{ due }}\n"""\n', "line 5, urged.text: Unexpected end of"),
        ('[urged]\n\ntext = "{{ to | shrt }}"\n', "line 3, urged.text: No filter named 'shrt'"),
        ('[urgd]\ntext = "a"\n', "line 1, urgd: no notice to this audience is about 'urgd'; did you mean urged?"),
        ('[received]\ntext = "a"\n', "received: no notice to this audience is about 'received'"),
        ('[urged]\ntxt = "a"\n', "line 2, urged.txt: no member is called so; did you mean text?"),
        ('[urged]\nMail = "a"\n', "line 2, urged.Mail: no member is called so; did you mean mail?"),
        ('[urged]\nsubject = 5\n', "line 2, urged.subject: must be a text; put it in quotation marks"),
        ('[urged]\ntext = "<b>{{ to }}</b>"\n', "line 2, urged.text: leaves '<b>' in what people read"),
        ('[urged]\ntext = "{ { to } } }}"\n', "urged.text: leaves '}}' in what people read"),
        ('[urged]\ntext = "{% if level == 1 %}a{% endif %}"\n', "urged.text: says nothing for some cases"),
        (f'[urged]\nsms = "{"请" * 202}"\n', "line 2, urged.sms: comes to 4 parts of a short message (202 characters)"),
        ('[urged]\ntext = "{{ 1 / 0 }}"\n', "urged.text: fails: division by zero"),
        ('[urged\ntext = "a"\n', "zh/unit.toml, line 1: is no TOML"),
    ],
)  # fmt: skip
def test_each_problem_is_told_with_its_place(content: str, told: str, tmp_path: Path) -> None:
    result = check(write(tmp_path, "zh/unit.toml", content))
    assert result.exit_code == 1
    assert told in result.stderr
    assert f"{tmp_path}/zh/unit.toml" in result.stderr
    assert result.stderr.endswith("hotline: the texts have one problem\n")
    assert result.stdout == ""


def test_files_and_folders_that_nobody_reads_are_told(tmp_path: Path) -> None:
    write(tmp_path, "zh/units.toml", '[urged]\ntext = "a"\n')
    result = check(write(tmp_path, "Chinese/unit.toml", '[urged]\ntext = "a"\n'))
    assert result.exit_code == 1
    assert "units.toml: nobody is called 'units'; did you mean unit?" in result.stderr
    assert "Chinese: is no language" in result.stderr


def test_a_language_lacks_what_the_files_it_has_leave_out(tmp_path: Path) -> None:
    result = check(write(tmp_path, "ko/desk.toml", '[urged]\nsubject = "a"\ntext = "a"\n[returned]\ntext = "a"\n'))
    assert result.exit_code == 1
    lacking = [line for line in result.stderr.splitlines() if "/ko/" in line]
    assert any("ko/words.toml: is missing" in line for line in lacking)
    assert any("ko/desk.toml, line 4, returned: is missing: subject" in line for line in lacking)
    assert any("ko/desk.toml, objected: is missing: all of it" in line for line in lacking)
    assert not any("urged" in line for line in lacking)
    assert not any("unit.toml" in line for line in lacking), "the units may all speak another language"


def test_one_can_read_what_people_are_told(tmp_path: Path) -> None:
    folder = write(tmp_path, "zh/complainant.toml", '[extended]\nwechat-work = "延至{{ due }}"\n')
    result = check(folder, "--show", "extended")
    assert result.exit_code == 0, result.stderr
    for told in ("en complainant text", "en desk text", "zh complainant sms", "zh complainant wechat-work"):
        assert f"{told}: " in result.stdout
    assert "延至9月18日10:00\n" in result.stdout
    assert "zh desk sms" not in result.stdout


def test_the_folder_of_the_setting_is_checked_where_none_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOTLINE_NOTICES", write(tmp_path, "zh/unit.toml", '[urged]\ntext = "{{ numbr }}"\n'))
    result = check()
    assert result.exit_code == 1
    assert "numbr" in result.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["no-such-folder"], "FOLDER: there is no folder 'no-such-folder'"),
        (["--show", "extend"], "--show: no notice is about 'extend'; there are: appealed, assist"),
    ],
)
def test_what_is_asked_wrongly_is_told(words: list[str], told: str) -> None:
    result = check(*words)
    assert result.exit_code == 2
    assert told in result.stderr
