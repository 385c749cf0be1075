"""Flow charts of procedures: every step, explicit loops, nothing that breaks out of a label."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.entries import Entry
from kb.flow import Flow, flow_of, mermaid, to_json


def _flow(text: str, title: str = "退货") -> Flow:
    return flow_of(Entry(id="x", kind="sop", title=title, text=text))


@pytest.mark.parametrize(
    "text",
    [
        "1. 核对订单\n2. 登记原因\n3. 生成单号",
        "1、核对订单。2、登记原因。3、生成单号",
        "步骤一：核对订单\n步骤二：登记原因\n步骤三：生成单号",
        "第1步 核对订单；第2步 登记原因；第3步 生成单号",
        "（一）核对订单\n（二）登记原因\n（三）生成单号",
        "①核对订单\n②登记原因\n③生成单号",
        "一、核对订单\n二、登记原因\n三、生成单号",
        "办理流程：1) 核对订单\n2) 登记原因\n3) 生成单号",
        "核对订单。登记原因。生成单号。",
    ],
)
def test_steps_are_read_in_their_usual_forms(text: str) -> None:
    """R068: however a list is numbered, each step is one node, in order, at its place in the text."""
    found = _flow(text)
    assert [step.number for step in found.steps] == [1, 2, 3]
    assert [step.text.strip("。；") for step in found.steps] == ["核对订单", "登记原因", "生成单号"]
    assert all(text[step.start : step.end] == step.text for step in found.steps)
    assert [(edge.source, edge.target) for edge in found.edges] == [
        ("start", "s1"), ("s1", "s2"), ("s2", "s3"), ("s3", "end")
    ]  # fmt: skip
    assert to_json(found)["acyclic"] is True


def test_numbers_in_a_text_are_no_steps() -> None:
    """R068: amounts and times are not taken for numbered steps."""
    found = _flow("1. 运费 3.5 元\n2. 48 小时内验收，1–5 个工作日到账")
    assert [step.text for step in found.steps] == ["运费 3.5 元", "48 小时内验收，1–5 个工作日到账"]


def test_going_back_is_an_explicit_loop() -> None:
    """R068: a step that sends back is a loop with its condition; one that jumps ahead a branch."""
    found = _flow("1. 核对订单\n2. 若已签收，转到第4步\n3. 拦截快递\n4. 如果缺件，返回第1步")
    extra = [(e.source, e.target, e.kind, e.label) for e in found.edges if e.kind != "next"]
    assert extra == [("s2", "s4", "branch", "已签收"), ("s4", "s1", "loop", "缺件")]
    assert to_json(found)["loops"] == 1
    assert '-.->|"缺件"| s1' in mermaid(found)


@given(st.text(max_size=200), st.text(max_size=60))
def test_any_text_makes_a_chart(text: str, title: str) -> None:
    """R068: without its loops no chart has a cycle, and no label ends before its closing quote."""
    found = _flow(text, title)
    order = {step.id: at for at, step in enumerate(found.steps, 1)} | {
        "start": 0,
        "end": len(found.steps) + 1,
    }
    assert all(order[e.source] < order[e.target] for e in found.edges if e.kind != "loop")
    for line in mermaid(found).splitlines()[1:]:
        assert line.count('"') in (0, 2)
        assert not re.search(r"[<>`\\]", line.partition('"')[2].rpartition('"')[0])
