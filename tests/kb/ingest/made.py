"""Files of other programs, made small: Word documents, PDFs with a text layer, packages with odd parts."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence

import docx
from docx.document import Document


def word() -> Document:
    """An empty Word document to write into."""
    return docx.Document()


def saved(document: Document) -> bytes:
    """The document as a file."""
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def repacked(package: bytes, add: Mapping[str, bytes], drop: Sequence[str] = ()) -> bytes:
    """A zip package with parts put in or exchanged."""
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(package)) as old,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for part in old.infolist():
            if part.filename not in add and part.filename not in drop:
                new.writestr(part.filename, old.read(part))
        for name, content in add.items():
            new.writestr(name, content)
    return buffer.getvalue()


def pdf(pages: Sequence[Sequence[tuple[float, str]]], *, more: Mapping[str, str] | None = None) -> bytes:
    """A PDF of `pages`, each a list of lines (letter size, text), in a font that names its characters.

    `more`: further entries of the trailer and objects by number, as written in the file.
    """
    letters = sorted({letter for page in pages for _, line in page for letter in line})
    codes = {letter: at for at, letter in enumerate(letters, 1)}
    bodies: dict[int, bytes] = {1: b"<</Type/Catalog/Pages 2 0 R>>"}
    kids = " ".join(f"{10 + 2 * at} 0 R" for at in range(len(pages)))
    bodies[2] = f"<</Type/Pages/Kids[{kids}]/Count {len(pages)}>>".encode()
    bodies[3] = (
        b"<</Type/Font/Subtype/Type0/BaseFont/Own/Encoding/Identity-H/DescendantFonts[4 0 R]/ToUnicode 5 0 R>>"
    )
    bodies[4] = (
        b"<</Type/Font/Subtype/CIDFontType2/BaseFont/Own/DW 1000"
        b"/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>>>"
    )
    pairs = "\n".join(f"<{code:04x}> <{ord(letter):04x}>" for letter, code in codes.items())
    table = f"begincmap\n1 begincodespacerange\n<0000> <ffff>\nendcodespacerange\n{len(codes)} beginbfchar\n{pairs}\nendbfchar\nendcmap"
    bodies[5] = stream(table.encode())
    for at, page in enumerate(pages):
        drawn, y = [], 800.0
        for size, line in page:
            shown = "".join(f"{codes[letter]:04x}" for letter in line)
            drawn.append(f"BT /F1 {size} Tf 1 0 0 1 50 {y} Tm <{shown}> Tj ET")
            y -= size * 1.8
        bodies[10 + 2 * at] = (
            f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents {11 + 2 * at} 0 R"
            "/Resources<</Font<</F1 3 0 R>>>>>>"
        ).encode()
        bodies[11 + 2 * at] = stream("\n".join(drawn).encode())
    for number, body in (more or {}).items():
        if number.isdigit():
            bodies[int(number)] = body.encode()
    return written(bodies, (more or {}).get("trailer", ""))


def stream(content: bytes, entries: str = "") -> bytes:
    """A stream object's body."""
    return f"<</Length {len(content)}{entries}>>stream\n".encode() + content + b"\nendstream"


def written(bodies: Mapping[int, bytes], trailer: str = "") -> bytes:
    """A PDF of these objects, with its table of places."""
    out, places = b"%PDF-1.7\n", dict[int, int]()
    for number, body in sorted(bodies.items()):
        places[number] = len(out)
        out += f"{number} 0 obj\n".encode() + body + b"\nendobj\n"
    start, last = len(out), max(bodies)
    rows = "".join(
        f"{places[n]:010d} 00000 n \n" if n in places else "0000000000 65535 f \n" for n in range(last + 1)
    )
    out += f"xref\n0 {last + 1}\n{rows}trailer\n<</Size {last + 1}/Root 1 0 R{trailer}>>\n".encode()
    return out + f"startxref\n{start}\n%%EOF\n".encode()
