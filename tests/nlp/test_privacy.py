"""Personal data is found where a reader would see it, and nowhere else (R205, B36, X13)."""

from __future__ import annotations

import itertools
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.privacy import MASKS, find, mask

PERSONAL = [
    # one mobile number in the ways people write it
    ("手机13812345678谢谢", "mobile", "13812345678"),
    ("13812345678", "mobile", "13812345678"),
    ("打138 1234 5678找我", "mobile", "138 1234 5678"),
    ("打138-1234-5678找我", "mobile", "138-1234-5678"),
    ("打1381234 5678找我", "mobile", "1381234 5678"),
    ("+86 138 1234 5678", "mobile", "+86 138 1234 5678"),
    ("+8613812345678", "mobile", "+8613812345678"),
    ("８６１３８１２３４５６７８", "mobile", "８６１３８１２３４５６７８"),
    ("我的号１３８１２３４５６７８", "mobile", "１３８１２３４５６７８"),
    ("１３８－１２３４－５６７８", "mobile", "１３８－１２３４－５６７８"),
    ("一三八一二三四五六七八", "mobile", "一三八一二三四五六七八"),
    ("电话是幺三八，不对", "", ""),
    ("电话是幺三八一二三四五六七八", "mobile", "幺三八一二三四五六七八"),
    ("幺三八 一二三四 五六七八", "mobile", "幺三八 一二三四 五六七八"),
    ("1 3 8 1 2 3 4 5 6 7 8", "mobile", "1 3 8 1 2 3 4 5 6 7 8"),
    ("电话138 12 345 678", "mobile", "138 12 345 678"),
    ("19912345678是微信同号", "mobile", "19912345678"),
    ("第一13812345678第二", "mobile", "13812345678"),
    ("tel:13812345678.", "mobile", "13812345678"),
    # landline
    ("座机010-65551234", "landline", "010-65551234"),
    ("(010)65551234", "landline", "(010)65551234"),
    ("（０１０）６５５５１２３４", "landline", "（０１０）６５５５１２３４"),
    ("0571-8765 4321", "landline", "0571-8765 4321"),
    ("家里0755 87654321转801", "landline", "0755 87654321转801"),
    ("02187654321", "landline", "02187654321"),
    ("家里电话87654321", "landline", "87654321"),
    ("座机：8765-4321", "landline", "8765-4321"),
    ("+86-10-65551234", "landline", "+86-10-65551234"),
    # identity card: check digit right, or presented as one
    ("11010519491231002X", "id_card", "11010519491231002X"),
    ("11010519491231002x办理", "id_card", "11010519491231002x"),
    ("我的身份证是110105 19491231 002X", "id_card", "110105 19491231 002X"),
    ("身份證號碼：110105194912310021", "id_card", "110105194912310021"),
    ("身份证号一一零一零五一九四九一二三一零零二一", "id_card", "一一零一零五一九四九一二三一零零二一"),
    ("证件号 110105491231002", "id_card", "110105491231002"),
    ("１１０１０５１９４９１２３１００２Ｘ", "id_card", "１１０１０５１９４９１２３１００２Ｘ"),
    # bank card: Luhn, or presented as one
    ("6222021234567890128", "bank_card", "6222021234567890128"),
    ("刷4111 1111 1111 1111的", "bank_card", "4111 1111 1111 1111"),
    ("银行卡6222 0212 3456 7890 123", "bank_card", "6222 0212 3456 7890 123"),
    ("卡号是6228-4800-1234-5678", "bank_card", "6228-4800-1234-5678"),
    ("信用卡卡号：1234567890123456", "bank_card", "1234567890123456"),
    ("退到账户 621700001234567 吧", "bank_card", "621700001234567"),
    ("办理6264 0920 6791 6424的", "bank_card", "6264 0920 6791 6424"),
    # mailboxes of persons
    ("邮箱zhangsan@qq.com谢谢", "email", "zhangsan@qq.com"),
    ("发li.si+a@mail.example.com。", "email", "li.si+a@mail.example.com"),
    ("ｚｈａｎｇ＠１６３．ｃｏｍ", "email", "ｚｈａｎｇ＠１６３．ｃｏｍ"),
    ("zhangsan @ qq.com", "email", "zhangsan @ qq.com"),
    ("service@qq.com", "email", "service@qq.com"),
    # doors and named compounds
    ("寄到浙江省杭州市西湖区文三路90号3号楼502室。", "address", "浙江省杭州市西湖区文三路90号3号楼502室"),
    ("上海市徐汇区漕溪北路1200弄5号302室", "address", "上海市徐汇区漕溪北路1200弄5号302室"),
    ("我在文三路90号等你", "address", "文三路90号"),
    ("我住在翠苑小区3栋2单元501", "address", "翠苑小区3栋2单元501"),
    ("麻烦送到幸福里小区5号楼1803，谢谢", "address", "幸福里小区5号楼1803"),
    ("家住杭州市西湖区翠苑小区", "address", "杭州市西湖区翠苑小区"),
    ("地址：阳光花园8-2-1101", "address", "阳光花园8-2-1101"),
    ("广州市白云区富民一街一巷一号", "address", "广州市白云区富民一街一巷一号"),
    ("河南省周口市太康县王家村三组12号", "address", "河南省周口市太康县王家村三组12号"),
    ("北京市朝阳区建国路８８号", "address", "北京市朝阳区建国路８８号"),
    ("地址改成建设路东段18号", "address", "建设路东段18号"),
    ("昆明市五华区青年路明珠大厦1203室", "address", "昆明市五华区青年路明珠大厦1203室"),
    # full names that the text introduces
    ("我叫张三", "name", "张三"),
    ("我叫张三电话是多少", "name", "张三"),
    ("姓名：李四，已核实", "name", "李四"),
    ("姓名 王五 男", "name", "王五"),
    ("收件人李四", "name", "李四"),
    ("收货人：张三收", "name", "张三"),
    ("聯絡人：張三", "name", "張三"),
    ("户名是李四的", "name", "李四"),
    ("我是张三，我要退货", "name", "张三"),
    ("尊敬的张三：", "name", "张三"),
    ("张三先生您好", "name", "张三"),
    ("联系人欧阳三", "name", "欧阳三"),
    ("持卡人李四想改密码", "name", "李四"),
    # plates
    ("车牌京A12345", "plate", "京A12345"),
    ("粤B·D12345停在门口", "plate", "粤B·D12345"),
    ("沪A 12345", "plate", "沪A 12345"),
    ("苏a6b888", "plate", "苏a6b888"),
    ("浙ＡＤ１２３４５", "plate", "浙ＡＤ１２３４５"),
    ("车牌是京AABC12", "plate", "京AABC12"),
    # order and waybill numbers, presented as such
    ("订单号20251101123456什么时候发", "order_no", "20251101123456"),
    ("订单编号：ZX-2025-110112", "order_no", "ZX-2025-110112"),
    ("訂單號是２０２５１１０１１２３４５６", "order_no", "２０２５１１０１１２３４５６"),
    ("单号 1234 5678 9012", "order_no", "1234 5678 9012"),
    ("order no. AB12345678", "order_no", "AB12345678"),
    ("订单号13812345678", "order_no", "13812345678"),
    ("快递单号SF1234567890123", "tracking_no", "SF1234567890123"),
    ("运单号：773012345678901", "tracking_no", "773012345678901"),
    ("SF1234567890123到哪了", "tracking_no", "SF1234567890123"),
    ("物流单号 YT1234567890123", "tracking_no", "YT1234567890123"),
]

NOT_PERSONAL = [
    "付了13800000000元",
    "2025年11月01日12:30",
    "2025-11-01 12:30:45",
    "20251101",
    "订单20251101下的",
    "版本V1.0.12345678",
    "打400-820-8820",
    "客服热线4008208820",
    "800-810-8888",
    "拨打95588或者12315",
    "110和120",
    "客服电话010-65551234",
    "公司总机：021-87654321转0",
    "型号13812345678",
    "型号KFR-35GW",
    "验证码 123456",
    "验证码是889912",
    "手机尾号5678",
    "订单尾号8821",
    "身份证后四位1234",
    "卡号后四位 8888",
    "银行卡尾号0128",
    "138****5678",
    "统一社会信用代码91110108551385082Q",
    "会员卡号123456789012",
    "张先生您好",
    "我是王女士",
    "收货人：王女士",
    "联系人张经理",
    "姓名不对",
    "联系人方式",
    "收件人电话填错了",
    "我是高兴才买的",
    "我是金卡会员",
    "我是江苏的",
    "我是单身",
    "我叫你别这样",
    "谢谢刘女士夸奖",
    "我在杭州市西湖区",
    "上海市的客户",
    "寄到北京",
    "我知道3号到货",
    "12月3号发货",
    "二楼会议室",
    "3号窗口",
    "地铁5号线",
    "扔在小区门口",
    "改到新小区",
    "我们小区",
    "公司地址：北京市朝阳区建国路88号",
    "退货地址：浙江省杭州市西湖区文三路90号",
    "service@example.com",
    "kefu01@example.com",
    "mysql-client@8.0",
    "@全体成员",
    "满300减50",
    "150 100 70129",
    "90%的客户在15秒内接通，2026年要到95%",
    "云A级服务",
    "京东自营",
    "工单号20251101123456",
    "{姓名}您好，订单{订单号}已发货",
    "一二三四五六",
    "",
]


@pytest.mark.parametrize(("text", "kind", "span"), PERSONAL)
def test_finds(text: str, kind: str, span: str) -> None:
    """Each way of writing it is found with exact bounds in the text as given."""
    found = find(text)
    assert [(f.type, f.text) for f in found] == ([(kind, span)] if kind else [])
    assert all(text[f.start : f.end] == f.text for f in found)


@pytest.mark.parametrize("text", NOT_PERSONAL)
def test_leaves_alone(text: str) -> None:
    """Amounts, dates, hotlines, tails, titles, cities and organisations are not personal."""
    assert find(text) == ()
    assert mask(text) == text


def test_a_shipping_line_is_masked_whole() -> None:
    """A name before a number and an address, as pasted from an order, all go."""
    line = "张三 13812345678 浙江省杭州市西湖区文三路90号"
    assert mask(line) == "[姓名] [手机号] [地址]"
    assert mask("王女士 13812345678") == "王女士 [手机号]"


def test_labels_are_no_findings() -> None:
    """Every label stays as it is, also beside the words that introduce such data."""
    for label in MASKS.values():
        for text in (label, f"我叫{label}", f"订单号{label}", f"地址是{label}3号楼", f"身份证{label}的"):
            assert mask(text) == text, text


def test_a_false_check_digit_alone_is_no_identity_card() -> None:
    """Without the word for it a number of that length needs its check digit."""
    assert find("编号为110105194912310021的商品") == ()


PIECES = [text for text, _, _ in PERSONAL] + NOT_PERSONAL + list(MASKS.values())
TEXTS = st.lists(
    st.sampled_from(PIECES) | st.text("我叫张三电话订单号1380 -[]（），。一二三村路号@a.X", max_size=12),
    max_size=6,
)


@given(TEXTS.map("".join))
def test_masking_is_idempotent(text: str) -> None:
    """Masking twice is masking once, and nothing personal is left to find."""
    masked = mask(text)
    assert find(masked) == ()
    assert mask(masked) == masked


@given(TEXTS.map("".join))
def test_findings_are_ordered_and_apart(text: str) -> None:
    """Findings come in order, never overlap and quote the text."""
    found = find(text)
    assert all(left.end <= right.start for left, right in itertools.pairwise(found))
    assert all(text[f.start : f.end] == f.text and f.text for f in found)


@given(st.sampled_from("王李张刘陈杨赵黄周吴"), st.text("某甲乙丙", min_size=1, max_size=2))
def test_introduced_names_of_any_length(surname: str, given_name: str) -> None:
    """Two and three characters are both full names, once introduced."""
    if given_name.startswith("某"):
        given_name = "甲" + given_name[1:]
    assert mask(f"姓名：{surname}{given_name}。") == "姓名：[姓名]。"


def test_speed() -> None:
    """A megabyte of mixed service talk is read in about a second."""
    text = "您好，您的订单20251101123456已发货，明天下午3点前送到小区门口，请保持手机13812345678畅通。" * 200
    size = len(text.encode())
    rounds = 400_000 // size
    begun = time.perf_counter()
    for _ in range(rounds):
        find(text)
    assert size * rounds / (time.perf_counter() - begun) > 300_000  # half a megabyte on a busy machine
