"""In which forms reports are answered: pages in a frame of their own, workbooks as attachments."""

from __future__ import annotations

from fastapi import Response

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FRAME = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def attached(content: bytes, name: str) -> Response:
    """A workbook to keep."""
    return Response(
        content, media_type=XLSX, headers={"Content-Disposition": f'attachment; filename="zuoxi-{name}"'}
    )
