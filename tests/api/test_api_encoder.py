"""A site's own encoder behind the service: batched, switched, refused when too much waits, and named."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import re
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np
import pytest
import uvicorn

from api.app import create_app
from api.service import Service, open_service
from api.settings import load_settings
from api.sites import Sites
from api.vectors import Encoding, Recent
from kb import snapshot
from nlp.artefacts import models_root
from nlp.batcher import BatcherStopped
from nlp.encode import Vectors
from tests.api.serving import HANDBOOK, SHOP, Site, make_keys, problem

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

INDEXED = "zuoxi_encoder_indexed_total"

pytestmark = [pytest.mark.train, pytest.mark.filterwarnings("ignore")]


def _convert(folder: Path, models: Path, version: str, seed: int, quantise: bool = False) -> None:
    from nlp.train.add import add

    torch.manual_seed(seed)
    characters = sorted({c for raw in HANDBOOK for c in f"{raw['title']}{raw['text']}" if c.strip()})
    folder.mkdir(parents=True)
    words = folder / "vocab.txt"
    words.write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *characters]), encoding="utf-8")
    transformers.BertTokenizerFast(vocab=str(words), model_max_length=64).save_pretrained(folder)
    config = transformers.BertConfig(
        vocab_size=len(characters) + 5, hidden_size=32, num_hidden_layers=2, num_attention_heads=4,
        intermediate_size=64, max_position_embeddings=64,
    )  # fmt: skip
    transformers.BertModel(config).eval().save_pretrained(folder)
    add(folder, models, version=version, quantise=quantise)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped models with two tiny transformers beside the static encoder."""
    root = tmp_path_factory.mktemp("models") / "models"
    shutil.copytree(models_root(), root)
    for seed, version in ((1, "tiny"), (2, "other")):
        _convert(root.parent / version, root, version, seed, quantise=version == "other")
    return root


@contextmanager
def served(folder: Path, opened: Service | None = None, **given: object) -> Iterator[Site]:
    """A service on a real port, with the small handbook in its store."""
    settings = load_settings(data=folder, **given)
    app = create_app(settings, opened)
    service: Service = app.state.service
    secrets = service.store.write(make_keys)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", ws="none"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the service did not start"
    made = Site(f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}", folder, service, secrets)
    try:
        yield made
    finally:
        made.close()
        server.should_exit = True
        thread.join(timeout=30)


def fill(site: Site) -> None:
    """Put the handbook into the site."""
    lines = "\n".join(json.dumps(raw, ensure_ascii=False) for raw in HANDBOOK)
    answer = site.client("editor").post(
        "/v1/kb/import", content=lines.encode(), headers={"Content-Type": "application/x-ndjson"}
    )
    assert answer.status_code == 200, answer.text


def counted(site: Site, name: str) -> float:
    """A counter of /metrics."""
    found = re.search(rf"^{name}(?:{{[^}}]*}})? ([0-9.e+]+)$", site.client("").get("/metrics").text, re.M)
    return float(found.group(1)) if found else 0.0


def at_once(site: Site, path: str, bodies: Sequence[dict[str, object]]) -> list[httpx.Response]:
    """All bodies posted at the same time."""

    async def everyone() -> list[httpx.Response]:
        headers = dict(site.client("agent").headers)
        limits = httpx.Limits(max_connections=200)
        async with httpx.AsyncClient(base_url=site.url, headers=headers, timeout=60, limits=limits) as client:
            return list(await asyncio.gather(*(client.post(path, json=body) for body in bodies)))

    return asyncio.run(everyone())


def test_a_transformer_answers_and_is_named(models: Path, tmp_path: Path) -> None:
    """Search and suggest find with a converted model; replies and /readyz say which; routing keeps its own."""
    with served(tmp_path, models=models, encoder="tiny", encoder_threads=2) as site:
        fill(site)
        found = site.client("agent").post("/v1/kb/search", json={"query": "退款多久到账"}).json()
        assert found["hits"][0]["entry_id"] == "faq-refund"
        assert found["mode"] == "full"
        assert found["versions"]["models"]["encoder"] == "encoder/tiny"
        made = site.client("agent").post("/v1/suggest", json={"query": "怎么开发票"}).json()
        assert made["suggestions"][0]["entry_id"] == "faq-invoice"
        assert made["versions"]["models"]["encoder"] == "encoder/tiny"
        ready = site.client("").get("/readyz").json()
        assert ready["status"] == "ready"
        part = ready["parts"]["encoder"]
        assert (part["version"], part["batched"], part["threads"]) == ("encoder/tiny", True, 2)
        routed = (
            site.client("bot").post("/v1/tickets/route", json={"text": "我要投诉，客服态度太差了"}).json()
        )
        assert routed["mode"] == "full"
        assert routed["category"]["path"][0] == "complaint"
        assert site.client("").get("/v1/selftest").json()["ok"] is True


def test_concurrent_requests_share_calls_and_answers_are_remembered(models: Path, tmp_path: Path) -> None:
    """Sixty requests at once need fewer calls of the encoder than there are requests; asked again, none."""
    with served(tmp_path, models=models, encoder="other", in_flight=64) as site:
        fill(site)
        bodies: list[dict[str, object]] = [{"query": f"订单{number}退款怎么还没到"} for number in range(60)]
        calls, texts = (counted(site, f"zuoxi_encoder_{one}_total") for one in ("calls", "texts"))
        answers = at_once(site, "/v1/suggest", bodies)
        assert [answer.status_code for answer in answers] == [200] * 60
        assert counted(site, "zuoxi_encoder_texts_total") - texts == 60
        assert 0 < counted(site, "zuoxi_encoder_calls_total") - calls < 60
        alone = [site.client("agent").post("/v1/suggest", json=body).json() for body in bodies]
        assert counted(site, "zuoxi_encoder_texts_total") - texts == 60
        assert counted(site, "zuoxi_encoder_remembered_total") >= 60
        together = [answer.json() for answer in answers]
        assert [one["suggestions"] for one in alone] == [one["suggestions"] for one in together]


def test_another_encoder_makes_the_index_anew(models: Path, tmp_path: Path) -> None:
    """A snapshot of another encoder is never served; going back needs no encoding, an edit only its own."""
    with served(tmp_path, models=models, encoder="tiny") as site:
        before = counted(site, INDEXED)
        fill(site)
        first = site.client("agent").post("/v1/kb/search", json={"query": "退款"}).json()
        told = counted(site, INDEXED)
        everything = told - before
        assert everything > len(HANDBOOK)
    for version, expected in (("other", everything), ("tiny", 0), ("other", 0)):
        with served(tmp_path, models=models, encoder=version) as site:
            again = site.client("agent").post("/v1/kb/search", json={"query": "退款"}).json()
            assert again["versions"]["models"]["encoder"] == f"encoder/{version}"
            vectors = site.service.sites.knowledge(SHOP).segments[0].vectors
            assert vectors is not None
            folder = snapshot.current(tmp_path / "snapshots" / SHOP)
            assert folder is not None
            stated = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["encoder"]
            assert stated.startswith(f"encoder/{version}@")
            assert counted(site, INDEXED) - told == expected
            told = counted(site, INDEXED)
        if version == "tiny":
            assert again["hits"] == first["hits"]
    with served(tmp_path, models=models) as site:
        assert site.client("").get("/readyz").json()["parts"]["encoder"]["version"] == "encoder/static-1"
        assert site.service.sites.knowledge(SHOP).segments[0].vectors.dim == 256  # type: ignore[union-attr]


def test_a_damaged_memory_of_vectors_is_thrown_away(models: Path, tmp_path: Path) -> None:
    """Bytes that are no database cost the encoding, not the start; a deleted tenant leaves no vectors."""
    with served(tmp_path, models=models, encoder="tiny") as site:
        fill(site)
    (file,) = (tmp_path / "vectors" / SHOP).glob("*.db")
    file.write_bytes(b"damaged" * 1000)
    shutil.rmtree(tmp_path / "snapshots")
    with served(tmp_path, models=models, encoder="tiny") as site:
        found = site.client("agent").post("/v1/kb/search", json={"query": "退款多久到账"}).json()
        assert found["hits"][0]["entry_id"] == "faq-refund"
        site.service.sites.forget(SHOP)
        assert not (tmp_path / "vectors" / SHOP).exists()


class Gated:
    """An encoder that waits for a gate."""

    dim, version = 4, "encoder/gated"

    def __init__(self) -> None:
        self.gate, self.begun = threading.Event(), threading.Event()
        self.gate.set()

    def encode(self, texts: Sequence[str]) -> Vectors:
        self.begun.set()
        threading.Event().wait(0.001)
        assert self.gate.wait(30)
        return np.eye(4, dtype=np.float32)[[len(text) % 4 for text in texts]]


def _until(check: Callable[[], bool]) -> None:
    for _ in range(3000):
        if check():
            return
        threading.Event().wait(0.01)
    raise AssertionError("it did not happen in time")


def test_too_many_waiting_texts_are_refused_honestly(tmp_path: Path) -> None:
    """A full queue is 503 with a time to come back; those accepted are answered, and the service recovers."""
    settings = load_settings(data=tmp_path, in_flight=32, waiting=2, patience=30.0)
    base, gated = open_service(settings), Gated()
    encoding = Encoding(gated, waiting=settings.waiting)
    assert encoding.slow
    sites = Sites(base.store, tmp_path, gated.encode, gated.version)
    models = dataclasses.replace(base.models, encoding=encoding)
    opened = dataclasses.replace(base, models=models, sites=sites)
    with served(tmp_path, opened, in_flight=32, waiting=2, patience=30.0) as site:
        fill(site)
        gated.gate.clear()
        before = _refused(site)
        answers: list[httpx.Response] = []
        bodies: list[dict[str, object]] = [{"query": "退款" + "吗" * number} for number in range(1, 9)]
        crowd = threading.Thread(target=lambda: answers.extend(at_once(site, "/v1/suggest", bodies)))
        crowd.start()
        _until(lambda: _refused(site) - before >= 6)
        assert encoding.waiting == 2
        gated.gate.set()
        crowd.join()
        refused = [answer for answer in answers if answer.status_code != 200]
        assert len(refused) == 6
        for answer in refused:
            problem(answer, 503, "busy")
            assert int(answer.headers["retry-after"]) >= 1
        assert site.client("agent").post("/v1/suggest", json=bodies[0]).status_code == 200
        assert encoding.waiting == 0


def _refused(site: Site) -> float:
    told = site.client("").get("/metrics").text
    found = re.search(r'^zuoxi_refused_total{why="encoder"} ([0-9.]+)$', told, re.M)
    return float(found.group(1)) if found else 0.0


def test_closing_answers_what_waits(models: Path) -> None:
    """Work begun before the end is finished; work after it is refused."""
    gated = Gated()
    encoding = Encoding(gated)
    gated.begun.clear()
    gated.gate.clear()

    async def scene() -> None:
        early = asyncio.create_task(encoding.think(lambda encode: encode(["早"]).shape))
        gone = asyncio.create_task(encoding.think(lambda encode: encode(["走了"]).shape))
        await asyncio.to_thread(gated.begun.wait, 10)
        gone.cancel()
        closing = asyncio.create_task(asyncio.to_thread(encoding.close))
        gated.gate.set()
        assert await early == (1, 4)
        await closing
        with pytest.raises(BatcherStopped):
            await encoding.think(lambda encode: encode(["晚"]).shape)
        with pytest.raises(asyncio.CancelledError):
            await gone

    asyncio.run(scene())


def test_remembered_vectors_are_bounded_by_bytes() -> None:
    """The one longest unused goes first; another encoder's vector is never given; a huge one is not kept."""
    row = np.zeros(64, np.float32)
    recent = Recent(3 * (row.nbytes + 204))
    for text in "甲乙丙":
        recent.put("one", text, row)
    assert recent.get("one", "甲") is row
    recent.put("one", "丁", row)
    assert recent.get("one", "乙") is None
    assert recent.get("one", "甲") is row
    assert recent.get("two", "甲") is None
    recent.put("one", "大", np.zeros(10_000, np.float32))
    assert recent.get("one", "大") is None
    assert len(recent) == 3
    assert recent.held <= 3 * (row.nbytes + 204)
