"""Pictures: what comes in is never served; it is decoded, made anew and stored under its digest.

Lives here: what is accepted and within which limits, how a picture is made anew, and the
directory the results are kept in. Who may upload or see a picture is decided by the web layer.

A stored picture has no byte of the upload: it is upright (EXIF orientation applied), sRGB, at
most `STORED_SIDE` pixels on its longer side, and carries neither EXIF, XMP, ICC, comments nor
anything that followed the picture in the file. Still JPEG, PNG, WebP and AVIF keep their format,
a still GIF becomes a PNG. An animation (GIF, WebP, PNG, AVIF) becomes an animated WebP, since that
narrows well; one that is too heavy is refused, not silently stilled.

The same upload always gives the same id, as long as Pillow and its codecs are the same.
"""

import asyncio
import contextlib
import hashlib
import os
import re
import secrets
import warnings
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Any, Literal, NamedTuple

import msgspec
from PIL import Image, ImageCms, ImageFile, ImageOps, ImageSequence, UnidentifiedImageError

from events.document import WIDTHS

# A running decode cannot be stopped, so these alone bound it: to some ten seconds and 700 MB for
# the worst still or animation, of which two may be at work at once.
MAX_BYTES = 20 * 1024 * 1024
MAX_PIXELS = 50_000_000  # by the header, before anything is decoded; of all frames together
MAX_SIDE = 16_384
MAX_FRAMES = 500
MAX_SCANS = 200  # every scan of a JPEG visits every pixel; real files have some ten

STORED_SIDE = 2560
ACCEPTED = "a whole picture in JPEG, PNG, WebP, AVIF or GIF format"

CONTENT_TYPES = {
    "jpg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "avif": "image/avif",
}
NAME = re.compile(r"(?P<id>[0-9a-f]{64})(?P<width>-[1-9][0-9]{0,4})?\.(?P<ext>jpg|png|webp|avif)")

# Pillow's names; MPO is a JPEG in which a camera put further pictures, the first is the picture.
STILL = {"JPEG": "jpg", "MPO": "jpg", "PNG": "png", "GIF": "png", "WEBP": "webp", "AVIF": "avif"}
ENCODINGS: dict[str, dict[str, Any]] = {
    "jpg": {"format": "JPEG", "quality": 85, "optimize": True, "progressive": True},
    "png": {"format": "PNG", "optimize": True},
    "webp": {"format": "WEBP", "quality": 82, "method": 4},
    # One thread: what the encoder writes depends on their number.
    "avif": {"format": "AVIF", "quality": 65, "speed": 9, "max_threads": 1},
}
ANIMATED: dict[str, Any] = {
    "format": "WEBP",
    "quality": 75,
    "method": 2,
    "save_all": True,
    "background": (0,) * 4,
}

SIGNATURES = (
    (0, b"\xff\xd8\xff", "a JPEG"),
    (0, b"\x89PNG\r\n\x1a\n", "a PNG"),
    (0, b"GIF8", "a GIF"),
    (8, b"WEBP", "a WebP"),
    (4, b"ftypavi", "an AVIF"),
    (4, b"ftyphei", "a HEIC picture"),
    (4, b"ftyp", "a video or another ISO media file"),
    (0, b"%PDF-", "a PDF"),
    (0, b"BM", "a BMP picture"),
    (0, b"II*\0", "a TIFF picture"),
    (0, b"MM\0*", "a TIFF picture"),
    (0, b"PK\x03\x04", "a ZIP archive or an office document"),
)
READABLE = ("a JPEG", "a PNG", "a GIF", "a WebP", "an AVIF")

# Both hold for the whole process; nothing but this module uses Pillow in it. From one to two times
# MAX_PIXELS Pillow warns, above it raises; also where it allocates before the size can be seen.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS
warnings.simplefilter("error", Image.DecompressionBombWarning)


class Refused(Exception):
    """A file that is not stored: `found` is what it is, `accepted` the limit it breaks."""

    def __init__(
        self, kind: Literal["too large", "wrong type", "unreadable"], found: str, accepted: str
    ) -> None:
        super().__init__(kind, found, accepted)
        self.kind = kind
        self.found = found
        self.accepted = accepted

    def __str__(self) -> str:
        return f"the file is {self.found}; accepted is {self.accepted}"


class Picture(msgspec.Struct, frozen=True):
    """A stored picture; `id` is the SHA-256 (hex) of its stored original, sizes are in pixels."""

    id: str
    ext: str
    width: int
    height: int

    @property
    def url(self) -> str:
        return f"/media/{self.id}.{self.ext}"


class Raster(NamedTuple):
    """Decoded pixels: frames of one size, each with its milliseconds if there are several."""

    format: str  # of the file, in Pillow's words
    frames: list[Image.Image]
    durations: list[int]
    plays: int  # how often an animation runs; 0 is for ever

    @property
    def ext(self) -> str:
        return STILL[self.format] if len(self.frames) == 1 else "webp"

    @property
    def size(self) -> tuple[int, int]:
        return self.frames[0].size

    def narrowed(self, width: int) -> "Raster":
        height = max(1, round(self.size[1] * width / self.size[0]))
        resample = Image.Resampling.LANCZOS
        return self._replace(frames=[f.resize((width, height), resample) for f in self.frames])

    def encoded(self) -> bytes:
        first, *others = self.frames
        file = BytesIO()
        if others:
            timing: dict[str, Any] = {"duration": self.durations, "loop": self.plays}
            first.save(file, append_images=others, **timing, **ANIMATED)
        else:
            first.save(file, **ENCODINGS[self.ext])
        return file.getvalue()


def kind(data: bytes) -> str:
    """What a file is by its first bytes, in words: "a PNG", "an SVG drawing"."""
    for offset, signature, name in SIGNATURES:
        if data.startswith(signature, offset):
            return name
    text = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not text.startswith(b"<"):
        return "of an unknown type" if data else "empty"
    return "an SVG drawing" if b"<svg" in text else "HTML or XML"


def decode(data: bytes) -> Raster:
    """The pixels of an accepted file: upright, sRGB, at most STORED_SIDE. Raises Refused."""
    if len(data) > MAX_BYTES:
        raise Refused("too large", f"{len(data):,} bytes long", f"up to {MAX_BYTES:,} bytes")
    try:
        return _decode(data)
    except Refused:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as bomb:
        raise _heavy(int(re.findall(r"\d+", str(bomb))[0])) from bomb
    except UnidentifiedImageError as error:
        if data and kind(data) not in READABLE:
            raise Refused("wrong type", kind(data), ACCEPTED) from error
        found = f"{kind(data)} with a broken header" if data else "empty"
        raise Refused("unreadable", found, ACCEPTED) from error
    except Exception as error:  # a parser of hostile bytes may raise anything
        found = f"{kind(data)} that cannot be decoded ({error})"
        raise Refused("unreadable", found, ACCEPTED) from error


def _decode(data: bytes) -> Raster:
    with Image.open(BytesIO(data), formats=("JPEG", "PNG", "WEBP", "AVIF", "GIF")) as image:
        kind_of_file = str(image.format)
        _bound_size(image.size)
        one = STILL[kind_of_file] == "jpg"
        if one:
            _bound_scans(data)
            image.draft(None, (STORED_SIDE, STORED_SIDE))  # decodes 1/2, 1/4, 1/8 if that suffices
        frames, durations = [], []
        for frame in islice(_frames(image), 1 if one else None):
            frames.append(_developed(frame))
            durations.append(_milliseconds(frame))
        box = (0, 0, *frames[0].size)  # a later GIF frame may reach beyond the canvas
        return Raster(kind_of_file, [f.crop(box) for f in frames], durations, _plays(image))


def _bound_size(size: tuple[int, int]) -> None:
    found = f"{size[0]:,} x {size[1]:,} pixels"
    if min(size) < 1:
        raise Refused("unreadable", found, "at least 1 x 1 pixel")
    if max(size) > MAX_SIDE:
        raise Refused("too large", found, f"up to {MAX_SIDE:,} pixels a side")
    if size[0] * size[1] > MAX_PIXELS:
        raise _heavy(size[0] * size[1])


def _heavy(pixels: int, where: str = "") -> Refused:
    return Refused("too large", f"{pixels:,} pixels{where}", f"up to {MAX_PIXELS:,} pixels")


def _bound_scans(data: bytes) -> None:
    if (scans := data.count(b"\xff\xda")) > MAX_SCANS:
        raise Refused("too large", f"a JPEG of {scans:,} scans", f"up to {MAX_SCANS} scans")


def _frames(image: ImageFile.ImageFile) -> Iterator[Image.Image]:
    """Each frame as it is shown; the count is bounded as they come, no header is believed."""
    pixels = 0
    hidden = getattr(image, "default_image", False)  # a PNG's still, not part of its animation
    for number, frame in enumerate(ImageSequence.Iterator(image), start=1):
        if number > MAX_FRAMES:
            raise Refused("too large", f"of more than {MAX_FRAMES} frames", f"up to {MAX_FRAMES}")
        pixels += frame.width * frame.height
        if pixels > MAX_PIXELS:
            raise _heavy(pixels, f" in its first {number} frames")
        if number > 1 or not hidden:
            yield frame


def _milliseconds(frame: Image.Image) -> int:
    shown = round(frame.info.get("duration", 0))
    return min(shown, 60_000) if shown > 10 else 100  # as browsers show a GIF in a hurry


def _plays(image: Image.Image) -> int:
    loop = int(image.info.get("loop", 0))
    if image.format != "GIF":
        return min(loop, 65_535)
    repeats = "loop" in image.info  # a GIF counts the times after the first
    return min(loop + 1, 65_535) if loop or not repeats else 0


def _developed(frame: Image.Image) -> Image.Image:
    """A frame as a browser shows it, with nothing but its pixels."""
    shown = _flat(frame)
    shown.thumbnail((STORED_SIDE, STORED_SIDE), Image.Resampling.LANCZOS)
    shown = _srgb(shown, frame.info.get("icc_profile"))
    with contextlib.suppress(Exception):  # rubbish in the EXIF says nothing about the picture
        ImageOps.exif_transpose(shown, in_place=True)
    shown.info = {}  # savers take comments, profiles and transparency from here
    return shown


def _flat(frame: Image.Image) -> Image.Image:
    """A copy in L, RGB, RGBA or CMYK."""
    if frame.mode.startswith("I"):  # 16 bits of grey, which convert() would clip
        frame.load()
        return frame.point(lambda grey: grey / 256).convert("L")
    if frame.has_transparency_data:
        return frame.convert("RGBA")
    modes = {"1": "L", "L": "L", "CMYK": "CMYK"}
    return frame.convert(modes.get(frame.mode, "RGB"))


def _srgb(frame: Image.Image, profile: bytes | None) -> Image.Image:
    mode = "RGB" if frame.mode == "CMYK" else frame.mode
    if not profile:
        return frame.convert(mode)
    try:
        return _converted(frame, profile, "RGBA" if mode == "RGBA" else "RGB")
    except (ImageCms.PyCMSError, OSError):  # a profile that is broken or for another kind of pixel
        return frame.convert(mode)


def _converted(frame: Image.Image, profile: bytes, mode: str) -> Image.Image:
    source = ImageCms.ImageCmsProfile(BytesIO(profile))
    target = ImageCms.createProfile("sRGB")
    converted = ImageCms.profileToProfile(frame, source, target, outputMode=mode)
    assert converted is not None  # it is only when converting in place
    return converted


def content_type(name: str) -> str:
    """The media type of a name that `Media.path` resolved."""
    return CONTENT_TYPES[name.rpartition(".")[2]]


class Media:
    """The directory of stored pictures; any number of processes may share it.

    Files are `{id}.{ext}` and, for each of `WIDTHS` below its width, `{id}-{width}.{ext}`. A file
    is complete and on disk before it has its name, and never changes under it. The original comes
    last: where it exists, its narrower copies do.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self._workers = ThreadPoolExecutor(max_workers=2, thread_name_prefix="media")

    async def store(self, data: bytes) -> Picture:
        """Store an upload and its widths; on disk when this returns. Raises Refused."""
        return await asyncio.get_running_loop().run_in_executor(self._workers, self._store, data)

    async def adopt(self, name: str, data: bytes) -> Picture | None:
        """Take a file of an export back under its name; raises Refused if it is not that file.

        The name must come from a verified log: it vouches for the bytes, which are kept as they
        are. A narrower copy's name is answered with None: those are made from their original.
        """
        match = NAME.fullmatch(name)
        if match is None:
            raise Refused("wrong type", f"named {name!r}", "{sha256}[-{width}].{ext}")
        if match["width"]:
            return None
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self._workers, self._adopt, match["id"], match["ext"], data
        )

    def path(self, name: str) -> Path | None:
        """The file with this name (`{id}.{ext}`, `{id}-{width}.{ext}`), None if there is none."""
        path = self.directory / name if NAME.fullmatch(name) else None
        return path if path and path.is_file() else None

    def find(self, id: str) -> Picture | None:
        """The stored picture with this id, None if there is none."""
        for ext in CONTENT_TYPES:
            if path := self.path(f"{id}.{ext}"):
                with Image.open(path) as image:
                    return Picture(id, ext, *image.size)
        return None

    def files(self, ids: Iterable[str]) -> list[Path]:
        """All files of these pictures, originals and narrower copies, by name."""
        wanted = set(ids)
        names = ((path, NAME.fullmatch(path.name)) for path in self.directory.iterdir())
        return sorted(path for path, match in names if match and match["id"] in wanted)

    def delete(self, id: str) -> None:
        """Remove every file of a picture, what a crash left half-written too. Idempotent."""
        for path in self.directory.iterdir():
            if path.name.removeprefix(".")[:64] == id:
                path.unlink(missing_ok=True)
        self._sync()

    def _store(self, data: bytes) -> Picture:
        raster = decode(data)
        original = raster.encoded()
        return self._keep(hashlib.sha256(original).hexdigest(), raster.ext, original)

    def _adopt(self, id: str, ext: str, data: bytes) -> Picture:
        digest = hashlib.sha256(data).hexdigest()
        if digest != id:
            raise Refused("unreadable", f"changed, its SHA-256 is {digest}", f"the one named {id}")
        return self._keep(id, ext, data)

    def _keep(self, id: str, ext: str, original: bytes) -> Picture:
        raster = decode(original)  # so a restored picture gets the very same narrower copies
        if Image.MIME[raster.format] != CONTENT_TYPES[ext]:
            raise Refused("wrong type", f"{kind(original)} named .{ext}", "its own ending")
        width, height = raster.size
        for narrower in (each for each in WIDTHS if each < width):
            self._write(f"{id}-{narrower}.{ext}", raster.narrowed(narrower).encoded())
        self._write(f"{id}.{ext}", original)
        self._sync()
        return Picture(id, ext, width, height)

    def _write(self, name: str, data: bytes) -> None:
        temporary = self.directory / f".{name}.{secrets.token_hex(8)}"
        try:
            with temporary.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self.directory / name)
        finally:
            temporary.unlink(missing_ok=True)

    def _sync(self) -> None:
        directory = os.open(self.directory, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
