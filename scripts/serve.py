"""zuoxi serve: one process over one data folder, until it is told to stop."""

from __future__ import annotations

import gc
import os
import socket
import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from scripts import site
from scripts.console import DATA, AsJson, Data, Failed, note, say, tell

if TYPE_CHECKING:
    from fastapi import FastAPI

    from api.settings import Settings
    from api.store import Reader

Port = Annotated[int, typer.Option("--port", min=0, max=65535, help="端口；0 为任选一个空闲端口")]
Host = Annotated[str, typer.Option("--host", help="监听地址")]
LOOPBACK = "127.0.0.1"
EVERYWHERE = ("0.0.0.0", "::", "")  # noqa: S104
SWITCH = 0.0005
Ready = Callable[[str], Awaitable[None]]
"""Called with the address once connections are accepted."""


def serve(data: Data = DATA, port: Port = 8000, host: Host = LOOPBACK, as_json: AsJson = False) -> None:
    """启动服务。不添加任何内容；旧数据目录先备份再升级，较新的会拒绝。"""
    one_thread_a_call()
    settings = site.settings_of(data)
    made: list[FastAPI] = []

    def make() -> FastAPI:
        made.append(application(settings))
        return made[0]

    async def ready(url: str) -> None:
        if as_json:
            tell({"url": url})
        else:
            say(f"坐席服务已就绪：{url}（坐席台 {url}/desk，主管台 {url}/supervisor，文档 {url}/docs）")
        if not await made[0].state.service.store.aread(_has_keys):
            note(f"还没有管理钥匙，请运行：zuoxi keys create --scope admin --actor 你的工号 --data {data}")
        tell_hosts(settings, host)

    run(settings, host, port, make, ready)


def tell_hosts(settings: Settings, host: str) -> None:
    """Say what lets people open the pages from other machines, where the address is not this machine's own."""
    if host in ("localhost", "::1") or host.startswith("127."):
        return
    name = socket.gethostname() if host in EVERYWHERE else f"[{host}]" if ":" in host else host
    own = {"127.0.0.1", "localhost", "[::1]", "testserver"}
    if settings.known_hosts - own if host in EVERYWHERE else name.lower() in settings.known_hosts:
        return
    hosts = ",".join(("127.0.0.1", "localhost", "[::1]", name))
    note(f"从别的机器打开页面前，请设 ZUOXI_ALLOWED_HOSTS={hosts}（写浏览器地址栏里用的域名或 IP）")
    if settings.pages_open_to == "loopback":
        note("页面还只对本机开放：另设 ZUOXI_PAGES_OPEN_TO=everyone，或在前面放一个会登录的反向代理")


def one_thread_a_call() -> None:
    """Keep numpy and faiss from splitting one small product over all cores: under load that costs tail latency.

    Works only before they are imported; a site that set the variables keeps its choice.
    """
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")


def _has_keys(reader: Reader) -> bool:
    from api.store import keys

    return any(keys.count(reader, tenant, "admin") for tenant in keys.tenant_ids(reader))


def application(settings: Settings, page_keys: Mapping[str, str] | None = None) -> FastAPI:
    """The program over the folder. Raises Failed with what the folder lacks.

    `page_keys` may be filled later: the demo's pages are signed in with the keys of this start.
    """
    from api.app import create_app
    from api.store import SchemaError
    from api.telemetry import configure_logs

    configure_logs()
    try:
        return create_app(settings, page_keys=page_keys)
    except SchemaError as error:
        raise Failed(str(error)) from None


def run(settings: Settings, host: str, port: int, make: Callable[[], FastAPI], ready: Ready) -> None:
    """Serve until SIGTERM or SIGINT; the port is taken before anything is loaded."""
    import uvicorn

    gc.disable()
    listener = _bind(host, port)
    # The writer thread gives the interpreter up at every statement; waiting 5 ms to get it back would cost
    # more than the statement.
    sys.setswitchinterval(SWITCH)
    shown = f"[{host}]" if ":" in host else LOOPBACK if host in EVERYWHERE else host
    url = f"http://{shown}:{listener.getsockname()[1]}"

    class Server(uvicorn.Server):
        """Says when it accepts, and ends with success after a signal."""

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            # What was opened lives as long as the process: looking through it for garbage is a tenth of a start, and of
            # every later look.
            gc.freeze()
            gc.enable()
            await ready(url)

        def handle_exit(self, sig: int, frame: object) -> None:
            super().handle_exit(sig, frame)  # type: ignore[arg-type]
            self._captured_signals.clear()  # uvicorn would raise them again after a clean stop

    try:
        config = uvicorn.Config(
            make(),
            loop="uvloop",
            http="httptools",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            backlog=2048,
            h11_max_incomplete_event_size=64 << 10,
            timeout_keep_alive=30,
            timeout_graceful_shutdown=5,
        )
        Server(config).run([listener])
    finally:
        listener.close()


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise Failed(
            f"{host}:{port} 用不了（{error.strerror or error}）：换一个 --port，或停掉占用它的程序"
        ) from None
    return listener
