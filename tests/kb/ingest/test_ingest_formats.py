"""Web pages, Word and PDF documents become sections with their source, lists with their heads, tables as questions."""

from __future__ import annotations

from made import pdf, saved, word

from kb.ingest import read_entries
from kb.ingest.repeated import repeated_lines
from kb.ingest.sections import LONG

PAGE = """<!doctype html><html><head><title>售后 - 某某商城</title><style>p{color:red}</style></head><body>
<nav><a href=/>首页</a></nav><div class="site-sidebar">热门推荐</div>
<h1>售后手册</h1><p>总则在这里。
<h2>退货</h2><p>需要同时满足：<ul><li>商品完好<li>配件齐全</ul>
<table><tr><th>问题<th>答案<tr><td>多久到账<td>三个工作日<tr><td>运费谁出<td>买家承担</table>
<h2>赔付</h2><table><tr><td colspan=2>延迟发货</td></tr><tr><td>超过两天</td><td>赔五元</td></tr></table>
<p style="display:none">看不见的</p><script>document.write("坏")</script><footer>版权所有</footer></body></html>"""


def test_a_page_is_cut_at_its_headings() -> None:
    """Menus, feet, scripts and hidden parts are left out; each entry has its title and section."""
    found = read_entries("a.html", PAGE.encode())
    manual = {entry.title: entry for entry in found.entries if entry.kind == "manual"}
    assert list(manual) == ["售后手册", "售后手册 / 退货", "售后手册 / 赔付"]
    assert manual["售后手册 / 退货"].text == "需要同时满足：\n商品完好\n配件齐全"
    assert (manual["售后手册 / 退货"].source, manual["售后手册 / 退货"].section) == ("售后手册", "退货")
    told = "".join(entry.text for entry in found.entries)
    assert not any(word in told for word in ("首页", "热门", "版权", "看不见", "坏", "color"))


def test_tables_of_questions_become_questions() -> None:
    """A table headed 问题 and 答案 gives an FAQ entry a row, with its source; another table stays text."""
    document = word()
    document.add_heading("售后手册", 0)
    document.add_heading("退款", 1)
    for rows in (
        [("问题", "答案"), ("多久到账", "三个工作日"), ("退到哪里", "")],
        [("渠道", "时效", "备注"), ("电话", "一小时", "工作日"), ("在线", "五分钟", "")],
    ):
        table = document.add_table(len(rows), len(rows[0]))
        for at, row in enumerate(rows):
            for column, cell in enumerate(row):
                table.cell(at, column).text = cell
    found = read_entries("a.docx", saved(document))
    faq, manual = found.entries
    assert (faq.kind, faq.title, faq.text, faq.source, faq.section) == (
        *("faq", "多久到账", "三个工作日"), "售后手册", "退款",
    )  # fmt: skip
    assert manual.text == "渠道：电话；时效：一小时；备注：工作日\n渠道：在线；时效：五分钟"
    assert [(bad.place, bad.field) for bad in found.report.refused] == [("paragraph", "text")]


def test_a_table_that_cannot_be_read_is_doubted() -> None:
    """Merged cells are kept as lines and told."""
    (doubt,) = read_entries("a.html", PAGE.encode()).report.doubted
    assert (doubt.code, doubt.place) == ("table", "paragraph")
    assert "合并" in doubt.reason
    assert doubt in read_entries("a.html", PAGE.encode()).report.repairs


def test_word_lists_stay_with_their_heads() -> None:
    """A list that is cut has its head in every part; a document that styles nothing is cut at its numbering."""
    document = word()
    document.add_paragraph("一、受理")
    document.add_paragraph("受理时须核对：")
    for at in range(60):
        document.add_paragraph(f"第{at}项材料的原件与复印件是否一致并且清晰", style="List Bullet")
    document.add_paragraph("二、答复")
    document.add_paragraph("两个工作日内答复顾客。")
    entries = read_entries("手册.docx", saved(document)).entries
    assert {entry.section for entry in entries} == {"一、受理", "二、答复"}
    parts = [entry for entry in entries if entry.section == "一、受理"]
    assert len(parts) > 1
    assert all(entry.text.startswith("受理时须核对：") and len(entry.text) < 2 * LONG for entry in parts)


def test_what_was_struck_out_of_a_word_file_is_gone() -> None:
    """Inserted words of a tracked change are read, deleted ones are not."""
    document = word()
    paragraph = document.add_paragraph("退款在")
    from docx.oxml import parse_xml

    space = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    paragraph._p.append(parse_xml(f"<w:del {space}><w:r><w:delText>五天</w:delText></w:r></w:del>"))
    paragraph._p.append(parse_xml(f"<w:ins {space}><w:r><w:t>三天</w:t></w:r></w:ins>"))
    paragraph.add_run("内到账，节假日顺延。")
    (entry,) = read_entries("a.docx", saved(document)).entries
    assert entry.text == "退款在三天内到账，节假日顺延。"


LONG_LINE = "七天内可以申请无理由退货，商品须保持完好，包装齐全，不影响二次销售，运费由买家"


def test_a_pdf_has_pages_and_headings() -> None:
    """Large letters are headings, wrapped lines are joined, running heads go, the section says its page."""
    foot = [(8.0, f"客服部内部资料 第{at}页") for at in range(1, 4)]
    pages = [
        [(22.0, "售后手册"), (16.0, "退货"), (10.0, LONG_LINE), (10.0, "承担。"), foot[0]],
        [(16.0, "退款"), (10.0, "银行卡一到五个工作日到账。"), foot[1]],
        [(16.0, "发票"), (10.0, "确认收货后二十四小时内开出。"), foot[2]],
    ]
    found = read_entries("a.pdf", pdf(pages))
    assert [(entry.title, entry.section) for entry in found.entries] == [
        ("售后手册 / 退货", "退货 / 第 1 页"),
        ("售后手册 / 退款", "退款 / 第 2 页"),
        ("售后手册 / 发票", "发票 / 第 3 页"),
    ]
    assert found.entries[0].text == LONG_LINE + "承担。"
    assert [step.step for step in found.report.cleaned] == ["page_marks"]


def test_a_page_without_text_is_told() -> None:
    """A scanned page among others is doubted with its number."""
    data = pdf([[(10.0, "退款在验收后三个工作日内到账，节假日顺延。")], []])
    (doubt,) = read_entries("a.pdf", data).report.doubted
    assert (doubt.code, doubt.place, doubt.at) == ("no_text", "page", 2)


def test_damage_in_a_document_is_told_with_its_place() -> None:
    """A damaged sentence of a Word file is left out and told with its paragraph and its entry."""
    document = word()
    document.add_heading("退货", 1)
    document.add_paragraph("先核对订单。??刈伺c質檢後兩天內回覆;檢驗合格的當天退款。")
    found = read_entries("手册.docx", saved(document))
    (entry,) = found.entries
    assert "刈伺" not in entry.text
    assert "当天退款" in entry.text
    (doubt,) = found.report.doubted
    assert (doubt.code, doubt.place, doubt.at, doubt.entry_id) == ("damaged", "paragraph", 2, entry.id)


def test_enumerations_in_one_line_are_flagged() -> None:
    """Three numbered points in one line need a human's eye, with a way to split them; a short line does not."""
    line = "处理分三步：一是核对订单状态和商品状况以及付款记录；二是联系仓库确认退货是否已经签收入库；三是通知财务在当天退款并且回访顾客。"
    (doubt,) = read_entries("a.txt", f"说明\n{line}".encode()).report.doubted
    assert doubt.code == "needs_review"
    assert "序号" in doubt.reason
    assert doubt.suggestion.count("\n") == 2
    assert read_entries("a.txt", "说明\n一是快，二是准，三是稳。".encode()).report.doubted == ()


def test_what_several_documents_share_at_their_ends_goes() -> None:
    """A line at the end of three documents is left out of the third; in the middle it stays."""
    foot, rule = "本资料由某某知识库整理发布仅供内部学习", "顾客情绪激动时先安抚再处理问题。"
    numbers = "甲乙丙丁戊己庚辛壬癸子丑寅卯"
    texts = []
    for name in ("退货", "换货", "发票"):
        before = "\n".join(f"{name}办理中{at}类情形的条件与时限在这里说明。" for at in numbers)
        after = "\n".join(f"{name}例外里{at}类情形的处理办法在这里说明。" for at in numbers)
        texts.append(f"{name}手册\n{before}\n{rule}\n{after}\n{foot}\n")
    others = [
        entry
        for at, text in enumerate(texts[:2])
        for entry in read_entries(f"{at}.txt", text.encode()).entries
    ]
    found = read_entries("c.txt", texts[2].encode(), repeated=repeated_lines(others))
    told = "\n".join(entry.text for entry in found.entries)
    assert foot not in told
    assert rule in told
    (step,) = found.report.cleaned
    assert (step.step, step.count, step.examples) == ("boilerplate", 1, ((foot, ""),))
