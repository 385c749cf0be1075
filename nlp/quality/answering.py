"""What a question asks for and whether a reply has words of that kind: a time for when, an amount for how much."""

from __future__ import annotations

import re

# Kind of question: how it is asked, how it is answered.
_KINDS = {
    "when": (
        r"什么时候|啥时候|几[点号天时日]|哪[天日]|多久|多长时间|几个?(?:小时|工作日|月)|(?:今天|明天|几天)[^,。]{0,6}(?:能|会)[^,。]{0,6}吗|准点|准信|准话",
        r"\d+ ?(?:个)?(?:点|号|日|天|分|小时|工作日|月|周|:)|[一二两三四五六七八九十半](?:个)?(?:点|天|小时|工作日|周|月)|今[天晚早]|明[天早晚]|后天|周[一二三四五六日末]|星期|当[天场]|上午|下午|晚上|马上|立刻|现在",
    ),
    "amount": (r"多少|几[块折成]|什么价|要钱|收费|费用|怎么算", r"\d|[一二两三四五六七八九十百千](?:块|元|折)|免费|不收|不要钱|不用|我们出|承担"),
    "yes": (
        r"吗|能不能|是不是|有没有|可不可以|行不行|要不要|会不会|能否|没有[?？]|吧[?？]|还是|(.)[不没]\1|(?:[好完]|[到来过办修]了?)没(?:有)?(?:$|[,。?？])",
        r"可以|能|不行|不能|是的|不是|有|没有|没|会|不用|不会|行|对|需要|得|已经|支持|免费|算|要|成功|都",
    ),
    "who": (r"谁|哪个(?:部门|人|师傅)|找哪", r"我|部|师傅|经理|主管|店|公司|他|她|客服|平台|商家|同事|队|人"),
    "where": (r"哪[里儿边]|在哪|去哪|哪个(?:店|门|窗口|营业厅)|地址", r"在|到|楼|路|店|厅|窗口|点|里|页|链接|公众号|这"),
    "how": (r"怎么(?![能这])|咋|如何|什么(?:材料|手续|凭证|流程)|要带|怎么办", r"先|点|打开|发|填|带|拍|申请|给您|帮您|为您|您可以|您把|退|换|补|赔|修|派|安排|提交"),
    "why": (r"为什么|为啥|凭什么|凭啥|怎么回事|什么原因|怎么[能这]", r"因为|由于|原因|是[^,。]{0,12}的|所以|导致|规定|没有?"),
}  # fmt: skip
_ASKED = {kind: re.compile(asked) for kind, (asked, _) in _KINDS.items()}
_TOLD = {kind: re.compile(told) for kind, (_, told) in _KINDS.items()}
_QUESTION = re.compile(
    r"[^,。!?;~]*(?:[?？]|吗|呢(?=$|[,。!])|什么|怎么|多少|能不能|谁|哪|几[点天号]|多久|凭啥)"
)
ASKING_BACK = re.compile(
    r"[?？]\s*$|吗[。~]?$|[^么]呢[。~]?$|(?:请|麻烦|劳驾|先)[^,。]{0,4}(?:提供|发|报|说)|报一下|发一下|是哪"
)
HOLDING = re.compile(r"稍等|稍候|等(?:一下|我)|在查|查一下|核实|看一下|我(?:马上|现在|这就)?(?:问|查)|正在")
PUT_OFF = re.compile(r"再说|自己看|您看(?:下|一下)|页面|说明|到时|以.{1,4}为准|回头|考虑考虑")


def kinds(question: str) -> frozenset[str]:
    """What a customer's turn asks for."""
    return frozenset(kind for kind, pattern in _ASKED.items() if pattern.search(question))


def told(asked: frozenset[str], reply: str) -> frozenset[str]:
    """The kinds among `asked` that a reply has words for."""
    return frozenset(kind for kind in asked if _TOLD[kind].search(reply))


def questions(text: str) -> int:
    """How many questions one turn holds, about."""
    return len(_QUESTION.findall(text))
