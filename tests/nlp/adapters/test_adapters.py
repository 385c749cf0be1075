"""Other systems' exports: their documented shapes, written by hand, read into the contract's transcript."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from nlp.adapters import ADAPTERS
from nlp.readers import ReadError, read_transcripts
from nlp.transcript import Transcript
from nlp.turn_tables import TranscriptProblem

ALIYUN = {
    "Code": "200",
    "Success": True,
    "Data": {
        "ResultInfo": [
            {
                "TaskId": "task-1",
                "Recording": {"Id": "rec-7", "Name": "a.wav", "CallTime": "2026-11-03 10:00:00"},
                "Agent": {"Id": "A012", "Name": "小禾", "SkillGroup": "售后一组"},
                "AsrResult": {
                    "AsrResult": [
                        {"Role": "客服", "Words": "您好，请讲", "Begin": 340, "End": 1800, "SpeechRate": 210},
                        {"Role": "客户", "Words": "快递丢了", "Begin": 2500, "End": 4000, "EmotionValue": 6},
                    ]
                },
            },
            {
                "TaskId": "task-2",
                "AsrResult": {"AsrResult": [{"Role": "客户", "Words": "在吗", "Begin": 0, "End": 900}]},
            },
        ]
    },
}
REVIEWED = {
    "data": {
        "vid": "v-9",
        "dialogues": [
            {
                "words": "你好有什么可以帮您",
                "identity": "客服",
                "begin": 72000,
                "beginTime": "2026-11-03 11:12:01",
            },
            {"words": "退款", "identity": "客户", "begin": 80000, "beginTime": "2026-11-03 11:12:09"},
        ],
    }
}
CALL = {
    "Version": "VOICE-2022-11-30",
    "Channel": "VOICE",
    "Participants": [
        {"ParticipantId": "CUSTOMER", "ParticipantRole": "CUSTOMER"},
        {"ParticipantId": "AGENT", "ParticipantRole": "AGENT"},
    ],
    "CustomerMetadata": {
        "ContactId": "75c88a83",
        "InputS3Uri": "s3://b/connect/CallRecordings/2026/11/03/75c88a83_20261103T02:00_UTC.wav",
    },
    "Transcript": [
        {"Id": "1", "ParticipantId": "AGENT", "Content": "您好", "BeginOffsetMillis": 160, "EndOffsetMillis": 900},
        {"Id": "2", "ParticipantId": "CUSTOMER", "Content": "订单没到", "BeginOffsetMillis": 1500, "EndOffsetMillis": 3100},
    ],
}  # fmt: skip
CHAT = {
    "Channel": "CHAT",
    "Participants": [{"ParticipantId": "u-1", "ParticipantRole": "AGENT"}],
    "CustomerMetadata": {"ContactId": "chat-1"},
    "Transcript": [
        {"Id": "1", "ParticipantId": "u-1", "AbsoluteTime": "2026-11-03T02:00:00Z", "Type": "EVENT"},
        {"Id": "2", "ParticipantId": "u-1", "AbsoluteTime": "2026-11-03T02:00:05Z", "Content": "您好"},
        {
            "Id": "3",
            "ParticipantId": "x",
            "ParticipantRole": "CUSTOM_BOT",
            "AbsoluteTime": "2026-11-03T02:00:09Z",
            "Content": "排队中",
        },
    ],
}
GENESYS = {
    "conversationId": "conv-1",
    "mediaType": "CALL",
    "startTime": 1793671200000,
    "participants": [
        {"participantPurpose": "external"},
        {"participantPurpose": "internal", "userId": "user-3", "queueId": "queue-2"},
    ],
    "transcripts": [
        {"phrases": [{"participantPurpose": "internal", "text": "您好", "startTimeMs": 1793671203000}]},
        {"phrases": [{"participantPurpose": "external", "text": "喂", "decoratedText": "喂？", "startTimeMs": 1793671201000}]},
    ],
}  # fmt: skip
ASR = {
    "id": "call-5",
    "started_at": "2026-11-03T10:00:00+08:00",
    "speakers": {"SPEAKER_00": "客服", "SPEAKER_01": "customer"},
    "segments": [
        {"speaker": "SPEAKER_00", "start": 0.5, "end": 2.0, "text": " 您好 "},
        {"speaker": "SPEAKER_01", "start": 2.25, "end": 4.0, "text": "发票怎么开"},
    ],
}
TEXT = "[00:03] 客服：您好，请讲\n客户 00:00:07：快递丢了\n还没人管\n\n客服: 我帮您查\n"


def kept(path: Path, value: Any, source: str = "") -> list[Transcript]:
    path.write_text(
        value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1), encoding="utf-8"
    )
    found = list(read_transcripts(path, source))
    assert not [one for one in found if isinstance(one, TranscriptProblem)], found
    return [one for one in found if isinstance(one, Transcript)]


def turns(one: Transcript) -> list[tuple[str, str, str | None]]:
    return [(turn.role, turn.text, turn.at.isoformat() if turn.at else None) for turn in one.turns]


@pytest.mark.parametrize("source", ["", "aliyun"])
def test_aliyun_results(tmp_path: Path, source: str) -> None:
    """R104: each record of a GetResult page is a transcript, its offsets counted from the call's time."""
    first, second = kept(tmp_path / "page.json", ALIYUN, source)
    assert (first.id, first.channel) == ("rec-7", "voice")
    assert first.agent is not None
    assert (first.agent.id, first.agent.name, first.agent.team) == ("A012", "小禾", "售后一组")
    assert turns(first) == [
        ("agent", "您好，请讲", "2026-11-03T10:00:00.340000+08:00"),
        ("customer", "快递丢了", "2026-11-03T10:00:02.500000+08:00"),
    ]
    assert (second.id, turns(second)) == ("task-2", [("customer", "在吗", None)])


def test_aliyun_reviews(tmp_path: Path) -> None:
    """The dialogue of GetResultToReview, its fields in small letters, each sentence with its own time."""
    (found,) = kept(tmp_path / "one.json", REVIEWED)
    assert found.id == "v-9"
    assert turns(found)[1] == ("customer", "退款", "2026-11-03T11:12:09+08:00")
    assert found.started_at is not None
    assert found.started_at.isoformat() == "2026-11-03T11:12:01+08:00"


@pytest.mark.parametrize("source", ["", "contact-lens"])
def test_contact_lens_calls_and_chats(tmp_path: Path, source: str) -> None:
    """R104: a call takes its time from the recording's name, a chat from each message; events are no turns."""
    path = tmp_path / "lens.jsonl"
    path.write_text("\n".join(json.dumps(one) for one in (CALL, CHAT)), encoding="utf-8")
    call, chat = kept(path, path.read_text(encoding="utf-8"), source)
    assert (call.id, call.channel) == ("75c88a83", "voice")
    assert turns(call) == [
        ("agent", "您好", "2026-11-03T02:00:00.160000+00:00"),
        ("customer", "订单没到", "2026-11-03T02:00:01.500000+00:00"),
    ]
    assert [turn[:2] for turn in turns(chat)] == [("agent", "您好"), ("bot", "排队中")]
    assert chat.agent is not None
    assert (chat.id, chat.channel, chat.agent.id) == ("chat-1", "chat", "u-1")


def test_contact_lens_segments(tmp_path: Path) -> None:
    """Segments of the real-time door: transcripts among categories; no beginning is told, so no times are."""
    segments = [{"Transcript": {**CALL["Transcript"][0], "ParticipantRole": "AGENT"}}, {"Categories": {}}]  # type: ignore[index]
    (found,) = kept(tmp_path / "live.json", {"Channel": "VOICE", "Segments": segments})
    assert turns(found) == [("agent", "您好", None)]
    assert re.fullmatch(r"live-[0-9a-f]{8}", found.id)


@pytest.mark.parametrize("source", ["", "genesys"])
def test_genesys_phrases(tmp_path: Path, source: str) -> None:
    """R104: phrases of both sides come in the order they were spoken, with the agent and the queue."""
    (found,) = kept(tmp_path / "g.json", GENESYS, source)
    assert turns(found) == [
        ("customer", "喂？", "2026-11-03T02:00:01+00:00"),
        ("agent", "您好", "2026-11-03T02:00:03+00:00"),
    ]
    assert found.agent is not None
    assert (found.id, found.channel, found.agent.id, found.agent.team) == (
        "conv-1",
        "call",
        "user-3",
        "queue-2",
    )


@pytest.mark.parametrize("source", ["", "asr"])
def test_speech_recognition(tmp_path: Path, source: str) -> None:
    """R104: segments in seconds, their labels told by the file."""
    (found,) = kept(tmp_path / "a.json", ASR, source)
    assert turns(found) == [
        ("agent", "您好", "2026-11-03T10:00:00.500000+08:00"),
        ("customer", "发票怎么开", "2026-11-03T10:00:02.250000+08:00"),
    ]


def test_text_files(tmp_path: Path) -> None:
    """One conversation a file; a line without a speaker goes on; the id is made of the file's name and content."""
    (found,) = kept(tmp_path / "录音3.txt", TEXT)
    assert re.fullmatch(r"录音3-[0-9a-f]{8}", found.id)
    assert [turn[:2] for turn in turns(found)] == [
        ("agent", "您好，请讲"),
        ("customer", "快递丢了\n还没人管"),
        ("agent", "我帮您查"),
    ]


BAD: list[tuple[Any, str, str, str]] = [
    ({"AsrResult": [{"Role": "路人", "Words": "好"}]}, "aliyun", "AsrResult.0.Role", "客户"),
    ({"AsrResult": [{"Role": "客服", "Words": "好", "Begin": -5}]}, "aliyun", "AsrResult.0.Begin", "毫秒"),
    ({"AsrResult": [{"Role": "客服", "Words": ["好"]}]}, "aliyun", "AsrResult.0.Words", "字符串"),
    ({**CALL, "Transcript": [{"ParticipantId": "X", "Content": "a"}]}, "", "Transcript.0.ParticipantRole", "AGENT"),
    ({**CALL, "Transcript": [{**CALL["Transcript"][0], "BeginOffsetMillis": 1e15}]}, "", "Transcript.0.BeginOffsetMillis", "7 天"),  # type: ignore[dict-item]
    ({"transcripts": [{"phrases": [{"participantPurpose": "ghost", "text": "a"}]}]}, "", "transcripts.0.phrases.0.participantPurpose", "external"),
    ({"transcripts": [{"phrases": [{"participantPurpose": "internal", "text": "a", "startTimeMs": -1}]}]}, "", "transcripts.0.phrases.0.startTimeMs", "毫秒"),
    ({**ASR, "speakers": {}}, "", "segments.0.speaker", "speakers"),
    ({**ASR, "segments": ["客服：好"]}, "asr", "segments.0", "对象"),
    ({**ASR, "segments": [{"speaker": "客服", "start": "0.5", "text": "a"}]}, "", "segments.0.start", "毫秒"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "source", "field", "accepted"), BAD)
def test_what_is_wrong_is_named_in_the_systems_words(
    tmp_path: Path, value: Any, source: str, field: str, accepted: str
) -> None:
    """A conversation that cannot be read names the system's own field and what is accepted."""
    path = tmp_path / "bad.jsonl"
    path.write_text(json.dumps(value), encoding="utf-8")
    (problem,) = read_transcripts(path, source)
    assert isinstance(problem, TranscriptProblem)
    assert problem.field == field
    assert accepted in problem.accepted


def test_a_source_is_one_of_the_named_ones(tmp_path: Path) -> None:
    """A system that is not known, and one named for a table, are refused in words."""
    path = tmp_path / "a.jsonl"
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(ReadError, match="aliyun、contact-lens、genesys、asr"):
        list(read_transcripts(path, "zendesk"))
    table = tmp_path / "a.csv"
    table.write_text("a,b", encoding="utf-8")
    with pytest.raises(ReadError, match="--from"):
        list(read_transcripts(table, "asr"))


def test_our_own_transcripts_are_taken_for_nothing_else(tmp_path: Path) -> None:
    """A transcript of the contract stays one, also as a document of many lines or a list of several."""
    own = {"id": "t", "segments": [1], "turns": [{"role": "agent", "text": "您好"}]}
    assert [one.id for one in kept(tmp_path / "a.json", own)] == ["t"]
    assert [one.id for one in kept(tmp_path / "b.json", [own, {**own, "id": "u"}])] == ["t", "u"]
    assert [one.id for one in kept(tmp_path / "c.json", json.dumps(own) + "\n" + json.dumps(own))] == [
        "t",
        "t",
    ]


def test_the_exports_of_the_readme(tmp_path: Path) -> None:
    """R104: each example of the README is recognised and read: the same two turns, each with its time, of one agent."""
    text = (Path(__file__).parents[3] / "nlp" / "README.md").read_text(encoding="utf-8")
    taught = text[text.index("### 别家的导出") :].partition("### Decision")[0]
    blocks = re.findall(r"`([a-z-]+)`：[^`]*(?:`[^`\n]*`[^`]*)*\n\n```json\n(.*?)```", taught, re.DOTALL)
    assert [name for name, _ in blocks] == list(ADAPTERS)
    for name, block in blocks:
        for source in ("", name):
            (one,) = kept(tmp_path / "one.json", block, source)
            assert [(turn.role, turn.text) for turn in one.turns] == [
                ("agent", "您好，请讲"),
                ("customer", "快递丢了"),
            ]
            assert all(turn.at for turn in one.turns)
            assert one.agent is not None
            assert one.agent.id == "A012"
