"""What may be uploaded, what is left of it when it is stored, and what is refused and why.

Every picture is made here with Pillow; a few hostile ones by hand. The one real picture is read
from the shared folder beside the checkout.
"""

import asyncio
import contextlib
import hashlib
import struct
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, PngImagePlugin

from events.document import WIDTHS
from server import media
from server.media import Media, Picture, Refused, content_type

REAL = Path(__file__).parents[3] / "shared" / "days" / "nsdif-2025-opening.jpg"
SECRET = "52-31-12-north"
RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


@pytest.fixture
def store(tmp_path: Path) -> Media:
    return Media(tmp_path / "media")


def a_file(image: Image.Image, format: str, **options: Any) -> bytes:
    file = BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def a_picture(width: int = 400, height: int = 300, mode: str = "RGB") -> Image.Image:
    return Image.radial_gradient("L").resize((width, height)).convert(mode)


def four_corners() -> Image.Image:
    """Red, green / blue, white, 80 x 40: wide enough for JPEG to leave the corners' colours."""
    image = Image.new("RGB", (80, 40))
    for colour, at in ((RED, (0, 0)), (GREEN, (40, 0)), (BLUE, (0, 20)), (WHITE, (40, 20))):
        image.paste(colour, (*at, at[0] + 40, at[1] + 20))
    return image


def an_animation(
    frames: int = 3,
    size: tuple[int, int] = (400, 40),
    format: str = "GIF",
    **options: Any,
) -> bytes:
    first, *others = [Image.new("RGB", size, (n * 7 % 256, n // 37, 90)) for n in range(frames)]
    return a_file(first, format, save_all=True, append_images=others, **options)


def a_png_chunk(name: bytes, content: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(name + content))
    return struct.pack(">I", len(content)) + name + content + checksum


def a_png_that_declares(width: int, height: int) -> bytes:
    header = a_png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    rows = a_png_chunk(b"IDAT", zlib.compress(bytes(1000)))
    return b"\x89PNG\r\n\x1a\n" + header + rows + a_png_chunk(b"IEND", b"")


def exif(orientation: int = 1) -> Image.Exif:
    tags = Image.Exif()
    tags[0x0112] = orientation
    tags[0x8298] = SECRET  # copyright
    tags.get_ifd(0x8825)[1] = "N"  # GPS
    tags.get_ifd(0x8825)[2] = (52.0, 31.0, 12.0)
    return tags


def shown(store: Media, picture: Picture) -> Image.Image:
    path = store.path(picture.url.removeprefix("/media/"))
    assert path
    with Image.open(path) as image:
        image.load()
        return image


def corners(image: Image.Image) -> list[tuple[int, ...]]:
    """The four corners' colours in reading order, each channel to black or full."""
    right, low = image.width - 1, image.height - 1
    rgb = image.convert("RGB")
    points = [rgb.getpixel(at) for at in ((0, 0), (right, 0), (0, low), (right, low))]
    return [tuple(round(c / 255) * 255 for c in p) for p in points if isinstance(p, tuple)]


def near(colour: Any, expected: tuple[int, ...], by: int = 6) -> bool:
    return len(colour) == len(expected) and all(
        abs(a - b) <= by for a, b in zip(colour, expected, strict=True)
    )


async def refused(store: Media, data: bytes) -> Refused:
    with pytest.raises(Refused) as caught:
        await store.store(data)
    assert list(store.directory.iterdir()) == [], "nothing is kept of what is refused"
    return caught.value


# What is stored


@pytest.mark.parametrize(
    ("format", "ext"),
    [("JPEG", "jpg"), ("PNG", "png"), ("WEBP", "webp"), ("AVIF", "avif"), ("GIF", "png")],
)
async def test_a_still_is_made_anew_under_its_digest(store: Media, format: str, ext: str) -> None:
    upload = a_file(a_picture(), format)

    picture = await store.store(upload)

    assert (picture.ext, picture.width, picture.height) == (ext, 400, 300)
    assert picture.url == f"/media/{picture.id}.{ext}"
    stored = store.path(f"{picture.id}.{ext}")
    assert stored
    assert hashlib.sha256(stored.read_bytes()).hexdigest() == picture.id
    image = shown(store, picture)
    assert content_type(stored.name) == Image.MIME[str(image.format)]
    assert near((image.convert("L").getpixel((200, 150)),), (0,), by=12)
    assert (await store.store(upload)) == picture, "the same upload has the same id"


async def test_a_picture_is_kept_in_all_narrower_widths(store: Media) -> None:
    picture = await store.store(a_file(a_picture(1000, 500), "JPEG"))

    assert {path.name for path in store.files([picture.id])} == {
        f"{picture.id}{suffix}.jpg" for suffix in ("", "-320", "-640", "-960")
    }
    for width in (320, 640, 960):
        path = store.path(f"{picture.id}-{width}.jpg")
        assert path
        with Image.open(path) as image:
            assert image.size == (width, width // 2)
    assert store.path(f"{picture.id}-1600.jpg") is None


async def test_a_large_picture_is_reduced(store: Media) -> None:
    picture = await store.store(a_file(a_picture(6000, 3000, "L"), "JPEG"))

    assert (picture.width, picture.height) == (2560, 1280)
    assert len(store.files([picture.id])) == 1 + len(WIDTHS)


async def test_a_picture_may_be_one_pixel_or_one_line(store: Media) -> None:
    dot = await store.store(a_file(Image.new("RGB", (1, 1), RED), "PNG"))
    line = await store.store(a_file(Image.new("RGB", (4000, 1), RED), "PNG"))

    assert (dot.width, dot.height) == (1, 1)
    assert (line.width, line.height) == (2560, 1)
    assert corners(shown(store, line)) == [RED] * 4


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "AVIF"])
@pytest.mark.parametrize(
    ("orientation", "expected"),
    [
        (1, [RED, GREEN, BLUE, WHITE]),
        (2, [GREEN, RED, WHITE, BLUE]),
        (3, [WHITE, BLUE, GREEN, RED]),
        (4, [BLUE, WHITE, RED, GREEN]),
        (5, [RED, BLUE, GREEN, WHITE]),
        (6, [BLUE, RED, WHITE, GREEN]),
        (7, [WHITE, GREEN, BLUE, RED]),
        (8, [GREEN, WHITE, RED, BLUE]),
    ],
)
async def test_a_picture_is_put_upright(
    store: Media,
    format: str,
    orientation: int,
    expected: list[tuple[int, ...]],
) -> None:
    picture = await store.store(a_file(four_corners(), format, exif=exif(orientation)))

    assert corners(shown(store, picture)) == expected
    size = (80, 40) if orientation < 5 else (40, 80)
    assert (picture.width, picture.height) == size == shown(store, picture).size


def all_metadata(format: str) -> dict[str, Any]:
    options: dict[str, Any] = {
        "exif": exif(),
        "icc_profile": ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
    }
    packet = f"<x:xmpmeta xmlns:x='adobe:ns:meta/'>{SECRET}</x:xmpmeta>".encode()
    if format == "PNG":
        text = PngImagePlugin.PngInfo()
        text.add_text("Comment", SECRET)
        text.add_itxt("XML:com.adobe.xmp", packet.decode())
        return options | {"pnginfo": text}
    return options | {"xmp": packet} | ({"comment": SECRET} if format == "JPEG" else {})


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "AVIF"])
async def test_no_metadata_survives(store: Media, format: str) -> None:
    upload = a_file(a_picture(), format, **all_metadata(format))
    assert SECRET.encode() in upload, "it was there"

    picture = await store.store(upload + SECRET.encode())

    assert not shown(store, picture).getexif()
    assert not {"exif", "xmp", "icc_profile", "comment", "Comment"} & set(
        shown(store, picture).info
    )
    for path in store.files([picture.id]):
        data = path.read_bytes()
        assert not [
            word for word in (SECRET.encode(), b"Exif", b"xmpmeta", b"acsp") if word in data
        ]


async def test_a_gifs_comment_does_not_survive(store: Media) -> None:
    upload = a_file(a_picture(mode="P"), "GIF", comment=SECRET.encode())
    assert SECRET.encode() in upload

    picture = await store.store(upload)

    assert SECRET.encode() not in store.files([picture.id])[-1].read_bytes()


async def test_the_real_picture_loses_its_exif(store: Media) -> None:
    if not REAL.exists():
        pytest.skip("no shared folder beside the checkout")
    with Image.open(REAL) as image:
        owner, turned = image.getexif()[0x8298], image.getexif()[0x0112]
        assert turned == 6
        width, height = image.size

    picture = await store.store(REAL.read_bytes())

    assert (picture.width, picture.height) == (height, width), "it was lying on its side"
    assert not shown(store, picture).getexif()
    for path in store.files([picture.id]):
        assert owner.encode() not in path.read_bytes()


async def test_rubbish_in_the_exif_is_no_reason_to_refuse(store: Media) -> None:
    picture = await store.store(a_file(four_corners(), "JPEG", exif=b"Exif\0\0" + b"rubbish" * 9))

    assert corners(shown(store, picture)) == [RED, GREEN, BLUE, WHITE]


# Colours


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
async def test_colours_are_converted_before_the_profile_goes(store: Media, mode: str) -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = srgb.replace(b"rXYZ", b"    ").replace(b"gXYZ", b"rXYZ").replace(b"    ", b"gXYZ")
    red = Image.new("RGB", (40, 40), RED).convert(mode)

    unmarked = await store.store(a_file(red, "PNG"))
    marked = await store.store(a_file(red, "PNG", icc_profile=swapped))

    assert corners(shown(store, unmarked)) == [RED] * 4
    assert corners(shown(store, marked)) == [GREEN] * 4, "where red and green are exchanged"


async def test_an_unusable_profile_is_ignored(store: Media) -> None:
    plain = await store.store(a_file(four_corners(), "PNG"))

    assert plain == await store.store(a_file(four_corners(), "PNG", icc_profile=b"rubbish" * 30))


async def test_a_cmyk_jpeg_becomes_rgb(store: Media) -> None:
    cyan = Image.new("CMYK", (40, 40), (255, 0, 0, 0))

    picture = await store.store(a_file(cyan, "JPEG"))

    assert near(shown(store, picture).getpixel((9, 9)), (0, 255, 255))


async def test_sixteen_bits_of_grey_become_eight(store: Media) -> None:
    grey = Image.new("I;16", (4, 4), 0x8000)

    picture = await store.store(a_file(grey, "PNG"))

    assert shown(store, picture).getpixel((1, 1)) == 0x80


@pytest.mark.parametrize("format", ["PNG", "GIF"])
async def test_a_transparent_palette_stays_transparent(store: Media, format: str) -> None:
    image = Image.new("P", (4, 4), 1)
    image.putpalette([0, 0, 0, *RED])
    image.putpixel((0, 0), 0)

    picture = await store.store(a_file(image, format, transparency=0))

    pixels = shown(store, picture).convert("RGBA")
    assert pixels.getpixel((0, 0)) == (0, 0, 0, 0)
    assert pixels.getpixel((3, 3)) == (*RED, 255)


async def test_a_transparent_colour_stays_transparent(store: Media) -> None:
    picture = await store.store(a_file(Image.new("RGB", (4, 4), RED), "PNG", transparency=RED))

    assert shown(store, picture).convert("RGBA").getpixel((3, 3)) == (*RED, 0)


# Animations


def frames_of(store: Media, picture: Picture) -> tuple[list[Any], list[int], int]:
    path = store.path(picture.url.removeprefix("/media/"))
    assert path
    colours, durations = [], []
    with Image.open(path) as image:
        for number in range(getattr(image, "n_frames", 1)):
            image.seek(number)
            image.load()
            colours.append(image.convert("RGB").getpixel((9, 9)))
            durations.append(image.info["duration"])
        return colours, durations, image.info["loop"]


@pytest.mark.parametrize("format", ["GIF", "WEBP", "PNG", "AVIF"])
async def test_an_animation_stays_one_in_every_width(store: Media, format: str) -> None:
    upload = an_animation(3, format=format, duration=[200, 300, 400], loop=0)

    picture = await store.store(upload)

    assert (picture.ext, picture.width, picture.height) == ("webp", 400, 40)
    colours, durations, loop = frames_of(store, picture)
    assert durations == [200, 300, 400]
    assert loop == 0
    for colour, expected in zip(colours, [(0, 0, 90), (7, 0, 90), (14, 0, 90)], strict=True):
        assert near(colour, expected, by=8)
    narrow = store.path(f"{picture.id}-320.webp")
    assert narrow
    with Image.open(narrow) as image:
        assert (getattr(image, "n_frames", 1), image.size) == (3, (320, 32))


@pytest.mark.parametrize(("says", "plays"), [({}, 1), ({"loop": 0}, 0), ({"loop": 2}, 3)])
async def test_a_gif_plays_as_often_as_it_did(
    store: Media, says: dict[str, Any], plays: int
) -> None:
    picture = await store.store(an_animation(2, duration=0, **says))

    assert frames_of(store, picture)[1:] == ([100, 100], plays)


async def test_a_pngs_still_is_not_part_of_its_animation(store: Media) -> None:
    still, *frames = [Image.new("RGB", (40, 40), colour) for colour in (WHITE, RED, BLUE)]
    upload = a_file(still, "PNG", save_all=True, append_images=frames, default_image=True)

    colours, _, _ = frames_of(store, await store.store(upload))

    assert [near(c, e, by=12) for c, e in zip(colours, (RED, BLUE), strict=True)] == [True, True]


async def test_an_animation_with_too_many_frames_is_refused(store: Media) -> None:
    error = await refused(store, an_animation(media.MAX_FRAMES + 1, (2, 2), "WEBP", lossless=True))

    assert error.kind == "too large"
    assert f"{media.MAX_FRAMES} frames" in str(error)


async def test_an_animation_with_too_many_pixels_is_refused(store: Media) -> None:
    first, *others = [Image.new("P", (5000, 3000), number) for number in range(4)]
    error = await refused(store, a_file(first, "GIF", save_all=True, append_images=others))

    assert error.kind == "too large"
    assert "60,000,000 pixels in its first 4 frames" in str(error)
    assert "50,000,000" in str(error)


# What is refused


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "SVG"),
        (b"\xef\xbb\xbf <?xml version='1.0'?>\n<!-- . -->\n<svg/>", "SVG"),
        (b"<!DOCTYPE html><script>alert(1)</script>", "HTML"),
        (b"%PDF-1.7\n", "PDF"),
        (b"PK\x03\x04" + bytes(40), "ZIP"),
        (b"\0\0\0\x18ftypheic" + bytes(40), "HEIC"),
        (b"\0\0\0\x18ftypmp42" + bytes(40), "video"),
        (b"plain words", "unknown"),
        (a_file(a_picture(), "BMP"), "BMP"),
        (a_file(a_picture(), "TIFF"), "TIFF"),
        (a_file(a_picture(), "ICO"), "unknown"),
    ],
    ids=lambda value: value if isinstance(value, str) else "file",
)
async def test_another_type_is_named_and_refused(store: Media, data: bytes, found: str) -> None:
    error = await refused(store, data)

    assert error.kind == "wrong type"
    assert found in error.found
    assert "JPEG, PNG, WebP, AVIF or GIF" in str(error)


async def test_nothing_is_refused_as_empty(store: Media) -> None:
    error = await refused(store, b"")

    assert (error.kind, error.found) == ("unreadable", "empty")


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "AVIF", "GIF"])
@pytest.mark.parametrize("part", [0.0, 0.5, 0.9])
async def test_a_picture_cut_short_is_refused(store: Media, format: str, part: float) -> None:
    whole = a_file(a_picture(), format)

    error = await refused(store, whole[: max(20, int(len(whole) * part))])

    assert error.kind == "unreadable"
    assert media.kind(whole) in error.found
    assert "whole picture" in str(error)


@pytest.mark.parametrize(
    ("size", "found", "limit"),
    [
        ((30_000, 30_000), "900,000,000 pixels", "50,000,000 pixels"),
        ((9_000, 8_000), "72,000,000 pixels", "50,000,000 pixels"),
        ((16_385, 2), "16,385 x 2 pixels", "16,384 pixels a side"),
        ((2, 16_385), "2 x 16,385 pixels", "16,384 pixels a side"),
    ],
)
async def test_a_bomb_is_refused_by_its_header(
    store: Media, size: tuple[int, int], found: str, limit: str
) -> None:
    bomb = a_png_that_declares(*size)
    assert len(bomb) < 200

    error = await refused(store, bomb)

    assert (error.kind, error.found) == ("too large", found)
    assert limit in error.accepted


async def test_a_gif_that_declares_too_much_is_refused(store: Media) -> None:
    gif = bytearray(a_file(a_picture(mode="P"), "GIF"))
    gif[6:10] = struct.pack("<HH", 65_000, 65_000)

    error = await refused(store, bytes(gif))

    assert error.kind == "too large"


async def test_too_many_bytes_are_refused_before_they_are_looked_at(store: Media) -> None:
    error = await refused(store, bytes(media.MAX_BYTES + 1))

    assert error.kind == "too large"
    assert "20,971,521 bytes" in error.found
    assert "20,971,520 bytes" in error.accepted


async def test_a_jpeg_that_repaints_itself_for_ever_is_refused(store: Media) -> None:
    jpeg = a_file(a_picture(), "JPEG", progressive=True)
    last_scan = jpeg[jpeg.rindex(b"\xff\xda") : -2]

    error = await refused(store, jpeg[:-2] + last_scan * media.MAX_SCANS + jpeg[-2:])

    assert error.kind == "too large"
    assert f"{media.MAX_SCANS} scans" in error.accepted


async def test_a_script_behind_a_gif_is_gone(store: Media) -> None:
    script = b"*/=1;alert(1)//<script>alert(1)</script>"

    picture = await store.store(a_file(a_picture(mode="P"), "GIF") + script)

    for path in store.files([picture.id]):
        assert b"alert" not in path.read_bytes()


@settings(max_examples=150)
@given(
    format=st.sampled_from(["JPEG", "PNG", "WEBP", "AVIF", "GIF"]),
    changes=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=6),
)
@pytest.mark.filterwarnings("ignore")  # as in production, where Pillow only warns
def test_whatever_bytes_are_changed_it_is_a_picture_or_refused(
    format: str,
    changes: list[tuple[int, int]],
) -> None:
    data = bytearray(
        an_animation(2, (24, 16), format) if format == "GIF" else a_file(a_picture(24, 16), format)
    )
    for at, value in changes:
        data[at % len(data)] = value
    with contextlib.suppress(Refused):
        assert media.decode(bytes(data)).encoded()


# The directory


async def test_others_are_served_while_a_picture_is_made_anew(store: Media) -> None:
    turns = 0
    storing = asyncio.create_task(store.store(a_file(a_picture(2000, 1500), "JPEG")))
    while not storing.done():
        await asyncio.sleep(0)
        turns += 1

    assert turns > 100
    assert store.files([storing.result().id])


@pytest.mark.parametrize(
    "name",
    [
        "../secret.jpg",
        "/etc/passwd",
        "",
        ".",
        "{id}",
        "{id}.svg",
        "{id}.png",
        "{id}.jpg\n",
        "{id}.jpg/..",
        "{id}.jpg.bak",
        "{id}.JPG",
        "{id}-0320.jpg",
        "{id}-.jpg",
        "{id}-321.jpg",
        "../media/{id}.jpg",
        ".{id}.jpg.0123456789abcdef",
    ],
)
async def test_only_the_names_of_stored_files_resolve(store: Media, name: str) -> None:
    picture = await store.store(a_file(a_picture(), "JPEG"))
    (store.directory.parent / "secret.jpg").write_bytes(b"secret")
    for other in (f".{picture.id}.jpg.0123456789abcdef", f"{picture.id}.jpg.bak"):
        (store.directory / other).write_bytes(b"not a stored picture")

    assert store.path(f"{picture.id}.jpg")
    assert store.path(f"{picture.id}-320.jpg")
    assert store.path(name.format(id=picture.id)) is None


async def test_the_same_picture_at_once_from_two_servers(store: Media) -> None:
    other = Media(store.directory)
    upload = a_file(a_picture(700, 500), "JPEG")

    pictures = await asyncio.gather(*(each.store(upload) for each in (store, other) * 4))

    assert len(set(pictures)) == 1
    files = store.files([pictures[0].id])
    assert len(files) == 3
    assert sorted(store.directory.iterdir()) == files, "no half-written file is left"
    assert other.path(f"{pictures[0].id}-640.jpg")


async def test_a_picture_is_deleted_with_all_its_widths_and_no_other(store: Media) -> None:
    first = await store.store(a_file(a_picture(700, 500), "JPEG"))
    second = await store.store(a_file(a_picture(500, 700), "PNG"))
    (store.directory / f".{first.id}-320.jpg.0123456789abcdef").write_bytes(b"left by a crash")

    store.delete(first.id)
    store.delete(first.id)

    assert store.files([first.id]) == []
    assert store.path(f"{first.id}.jpg") is None
    assert sorted(store.directory.iterdir()) == store.files([first.id, second.id])
    assert len(store.files([second.id])) == 2


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "AVIF", "GIF"])
async def test_an_exported_picture_is_the_same_elsewhere(
    store: Media,
    tmp_path: Path,
    format: str,
) -> None:
    upload = an_animation() if format == "GIF" else a_file(a_picture(), format)
    picture = await store.store(upload)
    exported = {path.name: path.read_bytes() for path in store.files([picture.id])}
    elsewhere = Media(tmp_path / "elsewhere")

    adopted = [await elsewhere.adopt(name, data) for name, data in exported.items()]

    assert [each for each in adopted if each] == [picture]
    assert {path.name: path.read_bytes() for path in elsewhere.files([picture.id])} == exported


async def test_a_narrower_copy_is_made_rather_than_believed(store: Media) -> None:
    upload = a_file(Image.new("RGB", (9, 9)), "PNG")

    assert await store.adopt(f"{'0' * 64}-320.png", upload) is None
    assert list(store.directory.iterdir()) == []


async def test_a_file_that_is_not_the_one_named_is_not_adopted(store: Media) -> None:
    jpeg = a_file(a_picture(), "JPEG")
    gif = a_file(a_picture(mode="P"), "GIF")
    page = b"<!DOCTYPE html><script>alert(1)</script>"
    name = "{}.{}".format

    for data, as_name, kind in (
        (jpeg, name("0" * 64, "jpg"), "unreadable"),
        (jpeg, name(hashlib.sha256(jpeg).hexdigest(), "png"), "wrong type"),
        (gif, name(hashlib.sha256(gif).hexdigest(), "png"), "wrong type"),
        (page, name(hashlib.sha256(page).hexdigest(), "jpg"), "wrong type"),
        (jpeg, "../../etc/cron.d/job", "wrong type"),
    ):
        with pytest.raises(Refused) as caught:
            await store.adopt(as_name, data)
        assert caught.value.kind == kind
    assert list(store.directory.iterdir()) == []
