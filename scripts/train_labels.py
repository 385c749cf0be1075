"""zuoxi train repair and next: labels that are likely wrong, and texts whose label would help most."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scripts.console import AsJson, Failed, given_bytes, progress, say, table, tell
from scripts.labelled import LABELS, TEXTS, Labelled, read_labelled

if TYPE_CHECKING:
    from kb.ingest.readers import Row
    from nlp.encode import Encoder
    from nlp.labels.repair import Suspect

LEAST = 20
ORIGINAL = "原类别"
_SHOWN = 20

Source = Annotated[
    str, typer.Option("--data", help="有标注的文件：文本、类别两列（csv、jsonl、xlsx；- 为标准输入）")
]


def register(app: typer.Typer) -> None:
    """Add both commands to `zuoxi train`."""
    app.command("repair", epilog="例：zuoxi train repair --data 工单.csv --out 待核对.csv")(repair)
    app.command(
        "next", epilog="例：zuoxi train next --data 工单.csv --pool 未标注.csv --count 50 --out 待标注.csv"
    )(following)


def _encoder() -> Encoder | None:
    from nlp.artefacts import ArtefactError
    from nlp.encode import load_encoder

    try:
        return load_encoder()
    except ArtefactError:
        return None


def _labelled(source: str, content: bytes) -> Labelled:
    read = read_labelled(source, content)
    if len(read.texts) < LEAST:
        raise Failed(f"只有 {len(read.texts)} 行可用，至少需要 {LEAST} 行")
    return read


def names_of(labels: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Words for the labels: a category's name and what it is about, else the label itself where it is words."""
    from nlp.policy import load_policy
    from scripts.train_rows import site_folder

    codes = load_policy(site_folder() / "policy").taxonomy.codes
    return {
        label: (codes[label].name, codes[label].about) if label in codes else (label,)
        for label in set(labels)
        if label in codes or not label.isascii()
    }


def _write(path: Path, heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(heads)
        writer.writerows(rows)


def repair(
    source: Source,
    out: Annotated[Path | None, typer.Option("--out", help="把全部可疑行写成 CSV")] = None,
    apply: Annotated[Path | None, typer.Option("--apply", help="写出改好的 CSV，原类别另留一列")] = None,
    gain: Annotated[float, typer.Option("--gain", min=-1, max=1, help="另一类别至少高出多少概率才算")] = 0.0,
    as_json: AsJson = False,
) -> None:
    """找出类别可能标错的行：给出更可能的类别、概率与依据；文本一律遮盖个人信息。"""
    from nlp.labels.repair import pairs
    from nlp.privacy import mask

    content = given_bytes(source)
    read = _labelled(source, content)
    found = [one for one in _found(read) if one.gain > gain]
    shown = [_row(one, read, mask) for one in found]
    if out is not None:
        _write(out, tuple(_HEADS.values()), ([row[name] for name in _HEADS] for row in shown))
    if apply is not None:
        _apply(apply, read, found, content)
    confused = pairs(found, read.labels)
    if as_json:
        body = [
            {"given": p.given, "likely": p.likely, "rows": p.rows, "share": round(p.share, 4)}
            for p in confused
        ]
        tell({"rows": len(read.texts), "suspects": shown, "pairs": body})
        return
    say(f"{len(read.texts)} 行里有 {len(found)} 行的类别可疑")
    table(
        ("行", "文本", "现类别", "更可能", "概率"),
        [
            (row["row"], row["text"][:30], row["given"], row["likely"], row["probability"])
            for row in shown[:_SHOWN]
        ],
    )
    table(
        ("现类别", "更可能", "行数", "占该类别"),
        [(p.given, p.likely, p.rows, f"{p.share:.0%}") for p in confused[:_SHOWN]],
        title="常被混淆的类别：宜合并，或写清各自的定义",
    )


_HEADS = {
    "row": "行",
    "text": "文本",
    "given": "现类别",
    "likely": "更可能的类别",
    "probability": "概率",
    "given_probability": "现类别的概率",
    "why": "依据",
}


def _found(read: Labelled) -> tuple[Suspect, ...]:
    from nlp.head import HeadError, fit
    from nlp.labels.near import vectors
    from nlp.labels.repair import suspects

    with progress("训练"):
        encoder = _encoder()
        try:
            fitted = fit(read.texts, read.labels, names=names_of(read.labels), encoder=encoder)
        except HeadError as error:
            raise Failed(str(error)) from None
        rows = vectors(read.texts, encoder)
        return suspects(read.texts, read.labels, fitted.head.labels, fitted.unseen, rows)


def _row(one: Suspect, read: Labelled, mask: Callable[[str], str]) -> dict[str, Any]:
    if one.same:
        where = "、".join(str(read.rows[at]) for at in one.same[:3])
        why = f"同样的文本在第 {where} 行标的是“{read.labels[one.same[0]]}”"
    else:
        near = "；".join(f"第 {read.rows[at]} 行“{mask(read.texts[at])[:20]}”" for at in one.like)
        why = f"“{one.likely}”里相近的：{near}"
    return {
        "row": read.rows[one.row],
        "text": mask(read.texts[one.row]),
        "given": one.given,
        "likely": one.likely,
        "probability": round(one.probability, 4),
        "given_probability": round(one.given_probability, 4),
        "why": why,
    }


def _apply(path: Path, read: Labelled, found: Sequence[Suspect], content: bytes) -> None:
    """Every line of the file in order, its label corrected, the label as given in a column at the end.

    A file that is no table is written as text and label; lines that could not be read go to a file beside.
    """
    changed = {read.rows[one.row]: one.likely for one in found}
    given = dict(zip(read.rows, read.labels, strict=True))
    lines = _lines(content)
    if lines is not None:
        column = next(at for at, name in enumerate(lines[0].cells) if str(name).strip().casefold() in LABELS)
        heads = [*lines[0].cells, ORIGINAL]
        rows: list[list[Any]] = []
        for line in lines[1:]:
            cells = [
                changed.get(line.at, cell) if at == column else cell for at, cell in enumerate(line.cells)
            ]
            rows.append([*cells, given.get(line.at, "")])
        _write(path, heads, rows)
        return
    told = zip(read.texts, read.rows, strict=True)
    _write(
        path,
        ("text", "label", ORIGINAL),
        ((text, changed.get(row, given[row]), given[row]) for text, row in told),
    )
    if read.rejects:
        refused = ((reject.row, reject.why) for reject in read.rejects)
        _write(path.with_suffix(".rejects.csv"), ("行", "原因"), refused)


def _lines(content: bytes) -> list[Row] | None:
    """Lines of a table as text; None for a workbook or JSON."""
    from kb.ingest.readers import csv_rows, decode

    if content.startswith(b"PK"):
        return None
    text = decode(content)
    return None if text.lstrip().startswith(("{", "[{")) else list(csv_rows(text))


def _pool(source: str, known: frozenset[str]) -> list[str]:
    """Distinct texts of a file with a text column that are not labelled yet."""
    from kb.ingest.readers import decode, json_rows
    from nlp.text import key

    content = given_bytes(source)
    lines = _lines(content)
    if lines is None:
        found = (row.cells[0] for row in json_rows(decode(content)) if not row.problem)
        rows = [str(next((one[name] for name in TEXTS if name in one), "")) for one in found]
    else:
        heads = lines[0].cells if lines else ()
        column = next((at for at, name in enumerate(heads) if str(name).strip().casefold() in TEXTS), None)
        if column is None:
            raise Failed(f"{source} 缺少文本列：{'/'.join(TEXTS)} 之一")
        rows = [str(line.cells[column]) for line in lines[1:] if len(line.cells) > column]
    distinct = {key(row): row.strip() for row in rows if row.strip()}
    return [row for name, row in distinct.items() if name not in known]


def following(
    source: Source,
    pool: Annotated[str, typer.Option("--pool", help="未标注的文件：有文本列（csv、jsonl）")],
    count: Annotated[int, typer.Option("--count", min=1, help="挑多少条")] = 50,
    out: Annotated[Path | None, typer.Option("--out", help="写成待标注的 CSV")] = None,
    as_json: AsJson = False,
) -> None:
    """从未标注的文本里挑出最值得标注的：拿不准、有代表性、彼此不重复；文本一律遮盖个人信息。"""
    from nlp.head import HeadError, fit_head
    from nlp.labels.near import vectors
    from nlp.labels.next import choose
    from nlp.privacy import mask
    from nlp.text import key

    read = _labelled(source, given_bytes(source))
    texts = _pool(pool, frozenset(key(text) for text in read.texts))
    if not texts:
        raise Failed("未标注的文件里没有新的文本")
    with progress("训练"):
        encoder = _encoder()
        try:
            head = fit_head(read.texts, read.labels, names=names_of(read.labels), encoder=encoder)
        except HeadError as error:
            raise Failed(str(error)) from None
        found = choose(head.probabilities(texts), head.labels, vectors(texts, encoder), count)
    rows = [{"text": mask(texts[one.row]), "guess": one.guess, "unsure": one.unsure} for one in found]
    if out is not None:
        _write(
            out, ("text", "label", "猜测", "拿不准"), ((r["text"], "", r["guess"], r["unsure"]) for r in rows)
        )
    if as_json:
        tell({"pool": len(texts), "chosen": rows})
        return
    say(f"{len(texts)} 条里挑出 {len(rows)} 条")
    table(("文本", "猜测", "拿不准"), [(str(r["text"])[:40], r["guess"], r["unsure"]) for r in rows[:_SHOWN]])
