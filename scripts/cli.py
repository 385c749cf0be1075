"""The `zuoxi` command: one file a sub-command, nothing heavy imported before a command runs."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from scripts import (
    backup,
    bench,
    demo,
    doctor,
    evaluate,
    kb,
    keys,
    models,
    quality,
    quality_forms,
    quality_report,
    route,
    serve,
    suggest,
    train,
)
from scripts.console import Failed, Misused, group, note

app = group("坐席 Zuoxi：自托管、中文优先的智能坐席辅助服务（分单、话术推荐、情绪转接、智能质检）")
app.command(epilog="例：zuoxi serve --port 8000 --data ./data")(serve.serve)
app.command(epilog="例：zuoxi demo --port 8000 --data ./data")(demo.demo)
app.command(epilog="例：zuoxi doctor --data ./data --port 8000")(doctor.doctor)
app.command(epilog="例：zuoxi route '空调装了三次都没装好，再不处理我就打12315'")(route.route)
app.command(epilog="例：zuoxi suggest '退款怎么还没到账' --stage solve")(suggest.suggest)
app.command(epilog="例：zuoxi backup 备份.tar --data ./data")(backup.backup)
app.command(epilog="例：zuoxi restore 备份.tar --data ./data-new")(backup.restore)
app.command(epilog="例：zuoxi bench --seconds 30 --only suggest")(bench.bench)
app.add_typer(kb.app, name="kb")
app.add_typer(keys.app, name="keys")
quality.app.command(epilog="例：zuoxi quality check data/policy/quality/standard.toml")(quality_forms.check)
quality.app.command(
    name="import", epilog="例：zuoxi quality import 规则.json --from sca --out data/policy/quality/shop.toml"
)(quality_forms.import_)
quality.app.command(epilog="例：zuoxi quality report weekly --date 2026-11-18 --out 周报.xlsx")(
    quality_report.report
)
app.add_typer(quality.app, name="quality")
app.add_typer(models.app, name="models")
app.add_typer(train.app, name="train")
app.add_typer(evaluate.app, name="evaluate")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and leave with its exit code."""
    try:
        app(args=None if arguments is None else list(arguments))
    except Misused as error:
        note(f"用法不对：{error}")
        sys.exit(2)
    except Failed as error:
        note(f"失败：{error}")
        sys.exit(1)
    except ValueError as error:
        from scripts.policies import unusable

        if not isinstance(error, unusable()):
            raise
        note(f"失败：{error}")
        sys.exit(1)


if __name__ == "__main__":
    main()
