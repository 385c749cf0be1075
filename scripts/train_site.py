"""A site's own classifier: read, mask, set a test aside, fit, compare with the one in use, promote or refuse."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scripts import site
from scripts.console import Advance, Failed, note, progress, say, table, tell
from scripts.labelled import Labelled
from scripts.train_artefact import figures_of, new_version, remarks, write_version
from scripts.train_labels import names_of
from scripts.train_rows import Asked, Rows, prepare, read_source, site_folder

if TYPE_CHECKING:
    from nlp.classify import Classifier
    from nlp.encode import Encoder
    from nlp.frozen import FrozenTest
    from nlp.promotion import Verdict

ENOUGH = 20
"""Rows below which no classifier is worth fitting."""
DRAFT = ".training"
"""Where a version is made, inside the models folder so that it can be moved in one step."""


@contextmanager
def told() -> Iterator[None]:
    """Failures of a recipe as failed commands; what a recipe prints goes to standard error."""
    from nlp.artefacts import ArtefactError
    from nlp.head import HeadError

    try:
        with redirect_stdout(sys.stderr):
            yield
    except ImportError as error:
        raise Failed(f"需要可选依赖 train（pip install 'zuoxi[train]'）：缺少 {error.name}") from None
    except (ArtefactError, HeadError, OSError, ValueError) as error:
        raise Failed(str(error)) from None


def train(task: str, asked: Asked, as_json: bool) -> None:
    """`zuoxi train TASK --data FILE`. Raises Failed where the candidate is not promoted."""
    from nlp.versions import changing

    settings = site.settings_of(site_folder())
    read, sha = read_source(task, asked.source)
    if len(read.texts) < ENOUGH:
        raise Failed(f"只有 {len(read.texts)} 行可用，至少需要 {ENOUGH} 行（{len(read.rejects)} 行不可用）")
    root = asked.models or settings.models or settings.data / "models"
    with told(), progress("训练") as advance:
        root.mkdir(parents=True, exist_ok=True)
        with changing(root):
            whole(root)
            draft = root / DRAFT
            shutil.rmtree(draft, ignore_errors=True)  # what a killed run left
            try:
                done = _train(task, asked, root, draft, (read, sha), advance)
            finally:
                shutil.rmtree(draft, ignore_errors=True)
    _tell(done, as_json)
    if not done["promoted"]:
        raise Failed(
            f"没有启用 {task}/{done['version']}：{'；'.join(done['reasons'])}。在用的仍是 {done['current']}。"
            f"候选与说明卡留在 {done['folder']}；改进数据后重新训练，"
            f"或确认无碍后用 zuoxi models use {task} {done['version']} --models {root} 启用"
        )
    if not as_json:
        say(f'让站点使用它：在 zuoxi.toml 里写 models = "{root}"（或设 ZUOXI_MODELS={root}），然后重启')


def whole(root: Path) -> None:
    """Make the models folder whole: a new one gets the shipped models, the pointer to them last."""
    from nlp import artefacts
    from nlp.versions import replace_text

    if not (root / artefacts.CURRENT).exists():
        # Not `models_root()`: that may be this very folder.
        shipped = Path(artefacts.__file__).resolve().parent.parent / "models"
        left = shutil.ignore_patterns(artefacts.CURRENT, ".*")
        shutil.copytree(shipped, root, dirs_exist_ok=True, ignore=left)
        replace_text(root / artefacts.CURRENT, (shipped / artefacts.CURRENT).read_text(encoding="utf-8"))


def _train(
    task: str,
    asked: Asked,
    root: Path,
    draft: Path,
    source: tuple[Labelled, str],
    advance: Advance,
) -> dict[str, Any]:
    from nlp import versions
    from nlp.head import fit
    from nlp.promotion import Rules, judge

    rows, test = prepare(task, asked, root, draft, source, advance)
    version = new_version(root / task, asked.version)
    advance(0, None)  # how long the fit takes is not known
    vectors = _encoder(root) if task == "intent" else None
    named = names_of(rows.labels) if task == "intent" else None
    fitted = fit(
        rows.texts, rows.labels, seed=asked.seed, names=named, encoder=vectors, version=f"{task}/{version}"
    )
    before = versions.in_use(root, task)
    current, remark = _open(task, root, before, vectors, test)
    rules = Rules(asked.tolerance, asked.drop, asked.least, asked.seed)
    verdict = judge(test, fitted.head, current, rules) if test.texts else _untested()
    notes = [*([remark] if remark else []), *verdict.notes, *remarks(rows)]
    made = write_version(task, version, draft, (rows, fitted, verdict), (test, before, rules), notes)
    folder = root / task / version
    made.replace(folder)
    if verdict.promoted:
        versions.use(root, task, version, "train")
    figures = figures_of(fitted, rows, verdict)
    return _summary(task, folder, rows, test, verdict, before) | {"notes": notes, "figures": figures}


def _encoder(root: Path) -> Encoder | None:
    """The encoder that the folder names, None where there is none; the head keeps it whatever texts are searched with."""
    from nlp.artefacts import ArtefactError, find
    from nlp.encode import load_encoder

    try:
        return load_encoder(find("encoder", root))
    except ArtefactError:
        return None


def _open(
    task: str, root: Path, version: str | None, vectors: Encoder | None, test: FrozenTest
) -> tuple[Classifier | None, str | None]:
    """The model in use, and what to know about comparing with it."""
    from nlp.artefacts import ArtefactError, find
    from nlp.versions import open_version

    if version is None:
        return None, "还没有在用的版本：这是第一个"
    try:
        artefact = find(task, root, version)
        model = open_version(artefact, {} if vectors is None else {vectors.version: vectors})
    except (ArtefactError, OSError) as error:
        return None, f"在用的 {version} 打不开，没有比较：{error}"
    if artefact.manifest.get("lineage", {}).get("test_sha256") == test.digest:
        return model, None
    seen = f"在用的 {version} 训练时没有避开这份测试：若见过其中的文本，它的数字偏高"
    return model, f"{seen}（可用 --test 给出两边都没见过的文本）"


def _untested() -> Verdict:
    from nlp.frozen import LEAST
    from nlp.promotion import Verdict

    why = f"没有一个类别有 {LEAST} 条不同的文本，分不出测试集（可用 --test 给出自己的测试集）"
    return Verdict(False, 0, {}, (), None, (why,))


def _summary(
    task: str, folder: Path, rows: Rows, test: FrozenTest, verdict: Verdict, before: str | None
) -> dict[str, Any]:
    return {
        "task": task,
        "version": folder.name,
        "folder": str(folder),
        "rows": len(rows.read.texts),
        "trained": len(rows.texts),
        "held_out": rows.held,
        "rejected": len(rows.read.rejects),
        "test_rows": len(test.texts),
        "promoted": verdict.promoted,
        "reasons": list(verdict.reasons),
        "current": folder.name if verdict.promoted else before,
        "comparison": None if verdict.comparison is None else asdict(verdict.comparison),
    }


def _tell(done: dict[str, Any], as_json: bool) -> None:
    if as_json:
        tell(done)
        return
    say(f"已写入 {done['folder']}：训练 {done['trained']} 行，冻结测试 {done['test_rows']} 行")
    compared = done["comparison"]
    if compared is not None:
        from nlp.promotion import NAMES

        rows = [
            (NAMES[name], f"{compared['candidate'][name]:.3f}", f"{compared['current'][name]:.3f}")
            for name in NAMES
        ]
        table((f"测试（{compared['rows']} 行）", "这一版", f"在用的 {compared['version']}"), rows)
        low, high = compared["interval"]
        say(
            f"宏平均 F1 之差 {compared['difference']:+.3f}（95% 区间 {low:+.3f} 到 {high:+.3f}，p={compared['p']:.3f}）"
        )
    else:
        for name, value in done["figures"].items():
            say(f"  {name}: {value}")
    for one in done["notes"]:
        note(f"注意：{one}")
    if done["promoted"]:
        say(f"已启用 {done['task']}/{done['version']}；不满意时用 zuoxi models rollback {done['task']} 退回")
