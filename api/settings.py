"""Settings: environment variables `ZUOXI_…` over `DIR/zuoxi.toml` over the defaults below."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings import SettingsError as SourceError
from pydantic_settings.sources import InitSettingsSource

FILE = "zuoxi.toml"
MOST_TEXT = 200_000
"""Characters beyond which no site may raise `text_limit`."""


class SettingsError(Exception):
    """A setting that cannot be used; names the key, the value and the accepted form."""


LIST_FORM = '以逗号分隔的文字，如 a.example.com,b.example.com，或 JSON 列表，如 ["a.example.com"]'


def _listed(value: Any) -> Any:
    """A list from text: JSON where it begins with a bracket, else parted at commas. Raises ValueError."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    # "[::1]" is a host, not JSON: only what reads as a list of JSON is taken for one
    if text.startswith(('["', "[]", "[ ")):
        try:
            return json.loads(text)
        except ValueError:
            raise ValueError(f"应为：{LIST_FORM}") from None
    return [part.strip() for part in text.replace("，", ",").split(",") if part.strip()]


def _as_sent(host: str) -> str:
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:
        return host


Texts = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)]
"""A list setting; NoDecode, for the environment may hold plain text."""


Numbers = Annotated[tuple[float, ...], NoDecode, BeforeValidator(_listed)]


class Settings(BaseSettings):
    """Everything a site may set. Each field is documented in README; a test compares."""

    model_config = SettingsConfigDict(env_prefix="ZUOXI_", extra="forbid", frozen=True)

    data: Path = Field(default=Path("data"), description="数据目录")
    database_url: SecretStr | None = Field(
        default=None, description="数据库地址；缺省为数据目录里的 SQLite，也可为 postgresql+psycopg://…"
    )
    models: Path | None = Field(default=None, description="模型目录；缺省为随程序发布的 models/")
    encoder: str | None = Field(
        default=None,
        description="检索用的句向量模型：模型目录 encoder/ 下的版本名；缺省见 models/current.toml",
    )
    encoder_threads: int = Field(
        default=1, ge=1, le=64, description="ONNX 句向量模型一次计算用的线程数；自带的静态模型不用"
    )
    shadow: str | None = Field(
        default=None, description="影子意图模型的版本：看同样的工单，只记录、不影响回答"
    )
    publishing: Literal["direct", "reviewed"] = Field(
        default="direct", description="发布方式：direct 写入即发布，reviewed 先进草稿、审批后发布"
    )
    timezone: str = Field(default="Asia/Shanghai", description="站点时区")
    keep_raw_text: bool = Field(default=False, description="是否保存未脱敏的原文")
    pages_open_to: Literal["loopback", "everyone"] = Field(
        default="loopback", description="页面与运维端点对谁免钥开放"
    )
    frame_ancestors: Texts = Field(default=(), description="允许嵌入挂件的网站来源")
    allowed_hosts: Texts = Field(
        default=("127.0.0.1", "localhost", "[::1]", "testserver"),
        description="接受的 Host；绑定到其他地址时须加上站点域名",
    )
    text_limit: int = Field(default=20_000, ge=100, le=MOST_TEXT, description="单条文本的字符上限")
    suggest_turns_limit: int = Field(default=200, ge=1, description="一次推荐的话轮上限")
    transcript_turns_limit: int = Field(default=5_000, ge=1, description="一份会话记录的话轮上限")
    batch_limit: int = Field(default=1_000, ge=1, description="批量分单的工单上限")
    body_limit: int = Field(default=1 << 20, ge=1024, description="JSON 请求体字节上限")
    upload_limit: int = Field(default=100 << 20, ge=1024, description="上传文件字节上限")
    in_flight: int = Field(default=16, ge=1, description="同时处理的请求数，超出排队")
    waiting: int = Field(default=256, ge=0, description="排队的请求数，超出回 503")
    patience: float = Field(default=0.6, gt=0, description="排队最久的秒数，超出回 503")
    rate_per_minute: int = Field(default=60_000, ge=1, description="每把钥匙每分钟的请求数，超出回 429")
    decision_days: int = Field(default=400, ge=1, description="决定与日志保留天数")
    transcript_days: int = Field(default=400, ge=1, description="评过分的会话记录（已脱敏）保留天数")

    webhook_hosts: Texts = Field(default=(), description="内部网络里也可以通知（webhook）的主机名")
    webhook_waits: Numbers = Field(
        default=(5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400),
        description="webhook 没有送到时，再试之前等待的秒数；试完即放弃",
    )

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError):
            raise ValueError("应为：IANA 时区名，如 Asia/Shanghai") from None
        return value

    @property
    def known_hosts(self) -> frozenset[str]:
        """`allowed_hosts` in lower case, and as browsers send those that are not ASCII."""
        names = {name.lower() for name in self.allowed_hosts}
        return frozenset(names | {_as_sent(name) for name in names})

    @property
    def url(self) -> str:
        """Where the database is."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{(self.data / 'zuoxi.db').resolve()}"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments over environment over the folder's file."""
        given = init_settings() if callable(init_settings) else {}
        folder = Path(str(given.get("data") or env_settings().get("data") or "data"))
        return init_settings, env_settings, InitSettingsSource(settings_cls, _from_file(folder / FILE))


def _from_file(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: 不是有效的 TOML（{error}）") from None


def load_settings(**given: Any) -> Settings:
    """Read the settings. Raises SettingsError naming the first bad key."""
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except SourceError as error:
        cause = str(error.__cause__ or "")[:80]
        raise SettingsError(f"环境变量无法读取：{error}（{cause}；列表应为：{LIST_FORM}）") from None
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else "?"
        why = str(first.get("ctx", {}).get("error") or first["msg"])
        if name in ("allowed_hosts", "frame_ancestors") and not why.startswith("应为"):
            why = f"应为：{LIST_FORM}"
        raise SettingsError(
            f"设置项 {name}（环境变量 ZUOXI_{name.upper()}）的值 {str(first.get('input'))[:60]!r} 不可用：{why}"
        ) from None
