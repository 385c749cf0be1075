"""zuoxi train on a site's own labelled texts: nothing is lost, nothing leaks, nothing worse is put in use."""

from __future__ import annotations

import io
import json
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
import xlsxwriter

from nlp import frozen
from nlp.classify import load_classifier
from nlp.text import key
from scripts.console import Failed, Misused
from scripts.labelled import read_labelled, resolved
from tests.scripts.running import Run

ROOT = Path(__file__).parents[2]
SAID = {
    "退款": ("退款到哪了", "钱没退回来", "退的钱什么时候到账", "说好的退款没收到"),
    "发票": ("开发票", "发票抬头错了", "要一张增值税发票", "电子发票发我邮箱"),
    "物流": ("快递三天没动", "包裹到哪里了", "物流信息不更新", "快递员电话多少"),
}
TAILS = ("", "啊", "呢", "，急", "，谢谢", "，在吗", "，麻烦看下", "，等很久了")
ROWS = [(f"{text}{tail}", label) for label, texts in SAID.items() for text in texts for tail in TAILS]


def _csv(rows: list[tuple[str, str]], heads: str = "文本,类别") -> str:
    return heads + "\n" + "".join(f'"{text}",{label}\n' for text, label in rows)


def _file(path: Path, rows: list[tuple[str, str]]) -> Path:
    path.write_text(_csv(rows), encoding="utf-8")
    return path


def _shuffled(rows: list[tuple[str, str]]) -> list[tuple[str, str]]:
    labels = [label for _, label in rows]
    random.Random(3).shuffle(labels)
    return [(text, label) for (text, _), label in zip(rows, labels, strict=True)]


@pytest.fixture
def own(zuoxi: Run, tmp_path: Path) -> Path:
    """A models folder with a first version `own-1` of the site's own intents."""
    data, root = _file(tmp_path / "t.csv", ROWS), tmp_path / "models"
    done = zuoxi("train", "intent", "--data", data, "--models", root, "--version", "own-1", "--json")
    assert done.code == 0, done.err
    return root


def test_a_site_trains_its_own_intents(zuoxi: Run, tmp_path: Path) -> None:
    """Own tickets on standard input become a verified classifier beside copies of the other models."""
    root = tmp_path / "models"
    train = ("train", "intent", "--data", "-", "--models", root, "--version", "own-1", "--json")
    done = zuoxi(*train, stdin=_csv(ROWS))
    assert done.code == 0, done.err
    told = done.json
    assert (told["rows"], told["promoted"]) == (len(ROWS), True)
    assert told["trained"] + told["held_out"] == len(ROWS)
    served = load_classifier("intent", root)
    assert served.labels == ("发票", "物流", "退款")
    assert served.labels[int(served.probabilities(["退款怎么还不到"])[0].argmax())] == "退款"
    assert zuoxi("models", "verify", "--models", root).code == 0


def test_a_worse_model_is_refused_and_stays_on_disk(zuoxi: Run, own: Path, tmp_path: Path) -> None:
    """B32: labels in disorder are refused with 1; the pointer stands, the card holds both columns."""
    before = (own / "current.toml").read_bytes()
    bad = _file(tmp_path / "bad.csv", _shuffled(ROWS))
    done = zuoxi("train", "intent", "--data", bad, "--models", own, "--version", "bad", "--json")
    assert done.code == 1
    assert "zuoxi models use intent bad" in done.err
    assert (own / "current.toml").read_bytes() == before
    assert (done.json["promoted"], done.json["current"]) == (False, "own-1")
    card = (own / "intent" / "bad" / "card.md").read_text(encoding="utf-8")
    assert "在用的 intent/own-1" in card
    assert "没有启用" in card
    lineage = json.loads((own / "intent" / "bad" / "manifest.json").read_text(encoding="utf-8"))["lineage"]
    assert (lineage["decision"], lineage["compared_with"], lineage["seed"]) == ("refused", "own-1", 0)
    assert lineage["rows"] == done.json["trained"]
    assert lineage["encoder"].startswith("encoder/")
    assert zuoxi("models", "verify", "--models", own).code == 0


def test_a_better_model_is_promoted_and_taken_back(zuoxi: Run, tmp_path: Path) -> None:
    """R190: over a poor model a good one is promoted, both measured on the same frozen rows; then stepped back from."""
    root, test = tmp_path / "models", _file(tmp_path / "test.csv", ROWS[::8])
    noisy = _file(tmp_path / "noisy.csv", ROWS[1:64:2] + _shuffled(ROWS[65::2]))
    first = ("train", "intent", "--data", noisy, "--models", root, "--version", "own-1", "--test", test)
    assert zuoxi(*first).code == 0
    good = _file(tmp_path / "good.csv", ROWS)
    done = zuoxi("train", "intent", "--data", good, "--models", root, "--version", "own-2", "--json")
    assert done.code == 0, done.err
    assert done.json["comparison"]["version"] == "intent/own-1"
    assert done.json["comparison"]["rows"] == len(ROWS[::8]) == done.json["held_out"]
    assert load_classifier("intent", root).version == "intent/own-2"
    assert zuoxi("models", "rollback", "intent", "--models", root, "--json").json["version"] == "own-1"
    assert load_classifier("intent", root).version == "intent/own-1"


def test_frozen_texts_are_never_trained_on(zuoxi: Run, own: Path, tmp_path: Path) -> None:
    """A frozen text is removed from any later data, however it is punctuated, and the test stays as it was."""
    test = frozen.read(own / "intent" / "test")
    assert test is not None
    assert set(test.labels) == set(SAID)
    sealed = (own / "intent" / "test" / frozen.ROWS).read_bytes()
    again = [(f"{text}！", label) for text, label in zip(test.texts, test.labels, strict=True)]
    data = _file(tmp_path / "again.csv", [*ROWS, *again])
    done = zuoxi("train", "intent", "--data", data, "--models", own, "--json")
    held = [text for text, _ in [*ROWS, *again] if key(text) in test.keys]
    assert done.json["held_out"] == len(held) == 2 * len(test.texts)
    assert done.json["trained"] == len(ROWS) + len(again) - len(held)
    assert (own / "intent" / "test" / frozen.ROWS).read_bytes() == sealed
    assert not any("别的类别" in one for one in done.json["notes"])
    turned = [(text, "退款") for text, label in zip(test.texts, test.labels, strict=True) if label == "发票"]
    data = _file(tmp_path / "turned.csv", [*ROWS, *turned])
    notes = zuoxi("train", "intent", "--data", data, "--models", own, "--json").json["notes"]
    assert any(one.startswith(f"{len(turned)} 行的文本在冻结测试里是别的类别") for one in notes)


def test_the_same_data_and_seed_give_the_same_bytes(zuoxi: Run, own: Path, tmp_path: Path) -> None:
    """A rerun gives byte-equal weights, thresholds and labels under a name of its own."""
    data = _file(tmp_path / "t.csv", ROWS)
    done = zuoxi("train", "intent", "--data", data, "--models", own, "--json")
    assert done.code == 0, done.err
    one, two = own / "intent" / "own-1", Path(done.json["folder"])
    assert one != two
    for name in ("weights.safetensors", "labels.json", "thresholds.json"):
        assert (one / name).read_bytes() == (two / name).read_bytes()
    taken = zuoxi("train", "intent", "--data", data, "--models", own, "--version", "own-1")
    assert taken.code == 2
    assert "已经存在" in taken.err


def test_a_killed_run_leaves_nothing_half_written(own: Path, zuoxi: Run, tmp_path: Path) -> None:
    """Killed at any moment, the folder serves what it served, and the next run clears up and finishes."""
    data = _file(tmp_path / "t.csv", ROWS)
    before = (own / "current.toml").read_bytes()
    command = ["-m", "scripts.cli", "train", "intent", "--data", str(data), "--models", str(own)]
    process = subprocess.Popen([sys.executable, *command, "--version", "cut"], cwd=ROOT)
    end = time.monotonic() + 60
    while not (own / ".training").exists() and process.poll() is None and time.monotonic() < end:
        time.sleep(0.005)
    process.kill()
    process.wait()
    whole = (own / "intent" / "cut").exists()
    assert whole or (own / "current.toml").read_bytes() == before
    assert load_classifier("intent", own).labels == ("发票", "物流", "退款")
    assert zuoxi("models", "verify", "--models", own).code == 0
    (own / ".training" / "intent" / "half").mkdir(parents=True, exist_ok=True)
    assert zuoxi("train", "intent", "--data", data, "--models", own, "--version", "next").code == 0
    assert not (own / ".training").exists()


def test_personal_data_is_masked_before_training(zuoxi: Run, tmp_path: Path) -> None:
    """What is frozen holds no telephone number that stood in the data."""
    rows = [(f"{text}，电话13812345678，{at}", label) for at, (text, label) in enumerate(ROWS)]
    root = tmp_path / "models"
    done = zuoxi("train", "intent", "--data", _file(tmp_path / "t.csv", rows), "--models", root)
    assert done.code == 0, done.err
    held = (root / "intent" / "test" / frozen.ROWS).read_text(encoding="utf-8")
    assert "[手机号]" in held
    assert "13812345678" not in held


def test_rows_that_cannot_be_used_are_listed(zuoxi: Run, tmp_path: Path) -> None:
    """Empty texts and labels are counted and listed with their rows; a lone label is named."""
    rows = [*ROWS, ("", "退款"), ("没有类别的", ""), ("只有一行的", "孤类")]
    done = zuoxi(
        "train", "intent", "--data", _file(tmp_path / "t.csv", rows), "--models", tmp_path / "m", "--json"
    )
    assert done.code == 0, done.err
    assert done.json["rejected"] == 2
    listed = json.loads((Path(done.json["folder"]) / "rejects.json").read_text(encoding="utf-8"))
    first = len(ROWS) + 2
    assert listed == [{"row": first, "why": "文本为空"}, {"row": first + 1, "why": "类别为空"}]
    assert any("孤类" in one for one in done.json["notes"])


def _workbook(heads: list[str], rows: list[tuple[str, str]]) -> bytes:
    held = io.BytesIO()
    book = xlsxwriter.Workbook(held)
    book.add_worksheet("说明").write_string(0, 0, "请看第二页")
    sheet = book.add_worksheet("工单")
    for at, row in enumerate([tuple(heads), *rows]):
        sheet.write_row(at, 0, row)
    book.close()
    return held.getvalue()


def test_every_kind_of_file_reads_the_same() -> None:
    """CSV in UTF-8 with a mark and in GB18030, JSON lines and a workbook's second sheet give the same rows."""
    text = _csv(ROWS, "工单内容,分类")
    lines = "\n".join(json.dumps({"text": one, "label": label}, ensure_ascii=False) for one, label in ROWS)
    kinds = {
        "utf-8": text.encode("utf-8-sig"),
        "gb18030": text.encode("gb18030"),
        "jsonl": lines.encode(),
        "xlsx": _workbook(["工单内容", "分类"], ROWS),
    }
    for name, content in kinds.items():
        read = read_labelled(name, content)
        assert list(zip(read.texts, read.labels, strict=True)) == ROWS, name
        assert read.rejects == []


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("内容\n你好\n".encode(), "缺少类别列.*label.*读到的列：内容"),
        ("标签,说明\na,b\n".encode(), "缺少文本列.*text.*读到的列：标签、说明"),
        (b'{"text": "a", "topic": "b"}', "第 1 行缺少类别列"),
        (_workbook(["正文", "类别"], ROWS[:2]), "缺少"),
        (b"", "没有表头"),
    ],
)
def test_a_missing_column_is_named(content: bytes, named: str) -> None:
    """The column that is missing, the row looked at, and the columns that were read."""
    with pytest.raises(Misused, match=named):
        read_labelled("x", content)


def test_what_cannot_be_read_is_told(zuoxi: Run) -> None:
    """A broken workbook and a file of too few rows fail in words."""
    with pytest.raises(Failed, match="读不了"):
        read_labelled("x.xlsx", b"PK\x03\x04 broken")
    assert zuoxi("train", "intent", "--data", "-", stdin="text,label\n甲,a\n乙,b\n").code == 1


def test_moods_are_closed_sets(zuoxi: Run) -> None:
    """A polarity that does not exist is refused with its row; one without data stops the training."""
    rows = "".join(f"文本{at},negative\n" for at in range(25))
    done = zuoxi("train", "sentiment", "--data", "-", stdin=f"text,label\n{rows}文本,angry\n")
    assert done.code == 2
    assert "第 27 行" in done.err
    done = zuoxi("train", "sentiment", "--data", "-", stdin=f"text,label\n{rows}")
    assert done.code == 1
    assert "neutral" in done.err


def test_paths_and_names_are_read_as_codes() -> None:
    """A label may be a code, a name, or a path of either; what the taxonomy lacks stays and is told."""
    from nlp.policy import load_policy

    codes = load_policy(None).taxonomy.codes
    given = [
        "complaint_attitude",
        "投诉/服务态度",
        "投诉 ／ 服务态度",
        "operation/invoice",
        "开具发票",
        "火星/登陆",
    ]
    read, unknown = resolved(given, codes)
    assert read == [*["complaint_attitude"] * 3, "invoice", "invoice", "火星/登陆"]
    assert unknown == ["火星/登陆"]
