"""The demo's pictures, drawn when they are needed so that no image file is shipped.

Only drawing lives here: one river, one ferry and one town, in the light of four hours of a day.
`day.jsonl` asks for a scene by its name. The same name always gives the same bytes.
"""

from dataclasses import dataclass, replace
from io import BytesIO
from math import sin

from PIL import Image, ImageChops, ImageColor, ImageDraw, ImageFilter

W, H, HORIZON = 3200, 2000, 1120  # drawn at twice the size and reduced: that smooths every edge
FLAGS = ("#d8493f", "#f2b632", "#2f7f86", "#f7efe0", "#3d5a80")
Point = tuple[float, float]


@dataclass(frozen=True)
class Scene:
    """The light of an hour (colours from top to bottom), and what stands in it."""

    sky: tuple[str, ...]
    water: tuple[str, ...]
    hills: tuple[str, str]
    walls: tuple[str, ...]
    roofs: tuple[str, ...]
    window: str
    sun: tuple[int, int, int, str]  # x, y, radius, colour
    ferry: tuple[int, int, float]  # middle, waterline, scale
    reeds: str
    foggy: bool = False
    clouds: bool = False
    crowd: bool = False
    swans: bool = False
    night: bool = False


MORNING = Scene(
    sky=("#4f9fd0", "#93c8e2", "#dceef0"),
    water=("#a9d3dc", "#4f9db4", "#2a6f8c"),
    hills=("#9cc0a0", "#6fa37c"),
    walls=("#c8694f", "#e8c9a0", "#b5543f", "#f1dfbf", "#d98a5b"),
    roofs=("#5b443f", "#7a3b33", "#46525c"),
    window="#44606f",
    sun=(560, 330, 110, "#fff6d0"),
    ferry=(1640, 1480, 1.25),
    reeds="#2f5d4a",
    clouds=True,
    crowd=True,
)
AFTERNOON = replace(
    MORNING,
    sky=("#5aa7c7", "#a5d3d8", "#f6ecd2"),
    water=("#c4dfd6", "#62acad", "#2e7a85"),
    hills=("#a9c39b", "#7da873"),
    sun=(2620, 300, 100, "#fff4cf"),
    ferry=(1950, 1390, 0.8),
    reeds="#3c6b3f",
    crowd=False,
    swans=True,
)
DAWN = Scene(
    sky=("#7fa9c4", "#b9cdd2", "#f3dcc0", "#f8c79c"),
    water=("#f0c8a2", "#b4c1c1", "#5f8798"),
    hills=("#b3bdb5", "#93a59f"),
    walls=("#a8928a", "#c4aa94", "#a58578"),
    roofs=("#7f7578", "#8d7a78"),
    window="#fbe3b0",
    sun=(1960, 800, 105, "#fff3d6"),
    ferry=(1250, 1530, 1.0),
    reeds="#3f5a5c",
    foggy=True,
)
NIGHT = Scene(
    sky=("#141b3c", "#2c2c5c", "#6d4772", "#d9795f", "#f3a965"),
    water=("#d08a6c", "#5d4470", "#1a2145"),
    hills=("#4a3a62", "#352d54"),
    walls=("#3b3157", "#463a63", "#33294d"),
    roofs=("#28213f", "#2f2748"),
    window="#ffcf6b",
    sun=(760, 330, 80, "#fdf0cf"),
    ferry=(1750, 1500, 1.15),
    reeds="#14162e",
    night=True,
)
SCENES = {"dawn": DAWN, "opening": MORNING, "crossing": AFTERNOON, "lanterns": NIGHT}


def draw(name: str) -> bytes:
    """Return the scene as JPEG, 1600 x 1000. Raises KeyError for a name that SCENES lacks."""
    scene = SCENES[name]
    picture = Image.new("RGB", (W, H))
    picture.paste(gradient(scene.sky, HORIZON))
    heavens(picture, scene)
    shore(Pen(ImageDraw.Draw(picture), y=HORIZON), scene)
    mirror = rippled(upside_down(picture.crop((0, 2 * HORIZON - H, W, HORIZON))))
    picture.paste(Image.blend(mirror, gradient(scene.water, H - HORIZON), 0.62), (0, HORIZON))
    glitter(picture, scene)
    if scene.foggy:
        mist(picture)
    ferry(picture, scene)
    foreground(picture, scene)
    if scene.night:
        picture = glowing(picture)
    out = BytesIO()
    picture.resize((W // 2, H // 2), Image.Resampling.LANCZOS).save(out, "JPEG", quality=88)
    return out.getvalue()


@dataclass(frozen=True)
class Pen:
    """Draws a thing in its own units, counted to the right and up from where it stands."""

    canvas: ImageDraw.ImageDraw
    x: float = 0
    y: float = 0
    size: float = 1

    def at(self, x: float, y: float) -> Point:
        return self.x + x * self.size, self.y - y * self.size

    def shape(self, fill: str, *corners: Point) -> None:
        self.canvas.polygon([self.at(*corner) for corner in corners], fill)

    def line(self, fill: str, width: float, *points: Point) -> None:
        self.canvas.line([self.at(*p) for p in points], fill, round(width * self.size), "curve")

    def box(self, fill: str, left: float, bottom: float, right: float, top: float) -> None:
        self.canvas.rectangle((*self.at(left, top), *self.at(right, bottom)), fill)

    def pill(self, fill: str, left: float, bottom: float, right: float, top: float) -> None:
        r = min(right - left, top - bottom) / 2 * self.size
        self.canvas.rounded_rectangle((*self.at(left, top), *self.at(right, bottom)), r, fill)

    def disc(self, fill: str | int, x: float, y: float, rx: float, ry: float = 0) -> None:
        ry = ry or rx
        self.canvas.ellipse((*self.at(x - rx, y + ry), *self.at(x + rx, y - ry)), fill)


def gradient(colours: tuple[str, ...], height: int) -> Image.Image:
    strip = Image.new("RGB", (1, len(colours)))
    strip.putdata([ImageColor.getrgb(colour) for colour in colours])
    box = (0, 0.5, 1, len(colours) - 0.5)  # from the middle of the first colour to the last's
    return strip.resize((W, height), Image.Resampling.BILINEAR, box)


def upside_down(image: Image.Image) -> Image.Image:
    return image.transpose(Image.Transpose.FLIP_TOP_BOTTOM)


def rippled(image: Image.Image) -> Image.Image:
    """Shift every row a little sideways, more the nearer it is, as small waves do."""
    waved = image.copy()
    for y in range(0, image.height, 3):
        shift = round(sin(y * 0.19 - y * y * 0.00009) * (3 + y / 28))
        waved.paste(image.crop((0, y, image.width, y + 3)), (shift, y))
    return waved


def glowing(picture: Image.Image) -> Image.Image:
    """Let what is bright shine over what is around it."""
    bright = picture.point(lambda value: max(0, value - 150) * 2)
    return ImageChops.screen(picture, bright.filter(ImageFilter.GaussianBlur(28)))


def scattered(i: int, salt: float = 0.0) -> float:
    """Return a number in 0..1 that looks like chance: the golden ratio never repeats itself."""
    return (i * 0.6180339887 + salt + 0.13 * sin(i * 7.3 + salt * 9)) % 1


def heavens(picture: Image.Image, scene: Scene) -> None:
    x, y, r, colour = scene.sun
    halo = Image.new("L", (W, H))
    for step in range(10, 0, -1):
        Pen(ImageDraw.Draw(halo), x, y).disc(110 - 10 * step, 0, 0, r + step * step * 8)
    picture.paste(colour, (0, 0), halo.filter(ImageFilter.GaussianBlur(40)))
    pen = Pen(ImageDraw.Draw(picture))
    pen.disc(colour, x, -y, r)
    for i in range(130 if scene.night else 0):
        star = scattered(i) * W, -scattered(i, 0.4) * 620
        pen.disc("#e9e2ee", *star, 1.5 + 2.5 * scattered(i, 0.7))
    places = ((1180, 330, 1.0), (2250, 520, 0.75), (420, 660, 0.6), (2900, 260, 0.5))
    for place in places if scene.clouds else ():
        cloud(Pen(pen.canvas, *place))


def cloud(pen: Pen) -> None:
    for x, r in ((-210, 70), (-110, 115), (20, 150), (150, 105), (240, 62)):
        pen.disc("#f8fafa", x, r, r)
    pen.pill("#f8fafa", -330, 0, 350, 80)


def shore(pen: Pen, scene: Scene) -> None:
    for base, height, colour in ((0.0, 120, scene.hills[0]), (2.0, 62, scene.hills[1])):
        ridge = [(x, height + height / 3 * sin(x / 410 + base)) for x in range(0, W + 20, 20)]
        pen.shape(colour, (0, 0), *ridge, (W, 0))
    for i in range(9):  # poplars
        tall = 95 + 45 * scattered(i, 0.3)
        pen.disc(scene.hills[1], 90 + i * 105 + 40 * scattered(i), tall, 30, tall)
    mill(replace(pen, x=1240), scene)
    for i in range(15):
        house(replace(pen, x=1614 + i * 108), scene, i)
    church(replace(pen, x=2340), scene)
    pen.box(scene.roofs[0], 1450, 0, W, 26)  # the quay


def house(pen: Pen, scene: Scene, i: int) -> None:
    top = 130 + int(110 * scattered(i, 0.2))
    wall, roof = scene.walls[i * 3 % len(scene.walls)], scene.roofs[i * 2 % len(scene.roofs)]
    pen.shape(roof, (-62, top), (0, top + 84), (62, top))
    for step in range(0 if i % 3 else 4):  # a stepped gable
        pen.box(wall, step * 14 - 56, top, 56 - step * 14, top + 24 * step + 24)
    pen.box(wall, -56, 0, 56, top)
    for y in range(top - 56, 30, -58):
        for x in (-38, 10):
            if not scene.night or scattered(i * 5 + y, x / 100) < 0.62:
                pen.box(scene.window, x, y, x + 26, y + 34)


def church(pen: Pen, scene: Scene) -> None:
    wall, roof = scene.walls[2], scene.roofs[0]
    pen.box(wall, -60, 0, 60, 470)
    pen.shape(roof, (-74, 470), (0, 800), (74, 470))
    pen.line(roof, 8, (0, 850), (0, 790))
    pen.disc(scene.window if scene.night else FLAGS[3], 0, 410, 34)
    pen.line(roof, 6, (0, 432), (0, 410), (16, 400))


def mill(pen: Pen, scene: Scene) -> None:
    dark, top = scene.roofs[0], 360
    pen.disc(dark, 0, top, 52)
    pen.shape(scene.walls[0], (-78, 0), (-44, top), (44, top), (78, 0))
    for x, y in ((150, -95), (-95, -150), (-150, 95), (95, 150)):
        pen.line(dark, 8, (0, top), (x, top + y))
        cloth = ((0.25, 0), (1, 0), (1, 0.22), (0.25, 0.22))
        sail = [(a * x + b * y, top + a * y - b * x) for a, b in cloth]
        pen.shape("#fffdf6" if scene.clouds else dark, *sail)


def glitter(picture: Image.Image, scene: Scene) -> None:
    pen = Pen(ImageDraw.Draw(picture, "RGBA"), y=HORIZON)  # this mode lets the water shine through
    for i in range(240):
        depth = scattered(i) ** 1.6
        y, length = -14 - depth * (H - HORIZON), 30 + 190 * depth * scattered(i, 0.5)
        x = scattered(i, 0.3) * (W + 200) - 200
        if i % 3 == 0:  # a third of it lies under the sun
            x = scene.sun[0] + (scattered(i, 0.8) - 0.5) * (260 + 500 * depth) - length / 2
        pen.pill(scene.sun[3] + "5a", x, y - 3 - 5 * depth, x + length, y)


def mist(picture: Image.Image) -> None:
    veil = Image.new("L", (W, H))
    for i in range(14):
        x, y = scattered(i) * W, HORIZON - 150 + 260 * scattered(i, 0.6)
        ImageDraw.Draw(veil).rounded_rectangle((x - 700, y, x + 700, y + 46), 23, 150)
    picture.paste("#f8e9d8", (0, 0), veil.filter(ImageFilter.GaussianBlur(34)))


def ferry(picture: Image.Image, scene: Scene) -> None:
    x, line, size = scene.ferry
    boat = Image.new("RGBA", (W, H))
    vessel(Pen(ImageDraw.Draw(boat), x, line, size), scene)
    shade = rippled(upside_down(boat.crop((0, line - 620, W, line))))
    shade.putalpha(shade.getchannel("A").point(lambda alpha: alpha * 2 // 5))
    picture.paste(shade, (0, line), shade)
    pen = Pen(ImageDraw.Draw(picture), x, line, size)
    for end in (-1, 1):
        pen.line("#2b2b33", 4, (end * 430, 50), (end * W * 2, -40))  # the cable
    picture.paste(boat, (0, 0), boat)


def vessel(pen: Pen, scene: Scene) -> None:
    cabin, lit = ("#5d4d75", "#ffdc8a") if scene.night else (FLAGS[3], "#9fc4cf")
    for end in (-1, 1):  # the ramps, raised
        pen.shape("#2b3a4d", (end * 420, 62), (end * 570, 118), (end * 570, 100), (end * 420, 30))
    for i in range(0 if scene.foggy else 14):
        person(pen, -390 + i * 60 + 22 * scattered(i), 60, i, scene)
    pen.box(cabin, -90, 60, 90, 225)
    pen.box(FLAGS[0], -112, 225, 112, 243)
    for left in (-72, -16, 40):
        pen.box(lit, left, 140, left + 34, 200)
    pen.box("#3a3034", -5, 243, 5, 470)
    pen.shape(FLAGS[0], (5, 470), (96, 448), (5, 424))
    for end in (-470, 470):
        garland(pen, (0, 440), (end, 110), 60, scene.night)
    for post in range(-420, 421, 70):
        pen.box("#2b3a4d", post - 3, 60, post + 3, 112)
    pen.box("#2b3a4d", -420, 106, 420, 112)
    pen.shape("#24445c", (-450, 62), (450, 62), (412, -14), (-412, -14))
    pen.shape(FLAGS[1], (-450, 62), (450, 62), (444, 50), (-444, 50))
    pen.shape("#a83e36", (-424, 10), (424, 10), (412, -14), (-412, -14))


def person(pen: Pen, x: float, feet: float, i: int, scene: Scene) -> None:
    coat, skin = FLAGS[i * 3 % 5], ("#e8b48f", "#9c6b4e", "#f0c8a6")[i % 3]
    if scene.night:
        coat, skin = "#2a2440", "#4b3a4f"
    top = feet + 100 + 34 * scattered(i, 0.1)
    pen.pill(coat, x - 25, feet - 20, x + 25, top)
    pen.disc(skin, x, top + 10, 17)
    hair = "#1f1a30" if scene.night else ("#5b443f", "#2f2a2c", "#c89a4b", "#8f8a86")[i * 5 % 4]
    pen.canvas.chord((*pen.at(x - 19, top + 31), *pen.at(x + 19, top - 7)), 170, 370, hair)


def garland(pen: Pen, start: Point, end: Point, sag: float, night: bool) -> None:
    """Hang flags, at night lanterns, from a slack line between two points."""
    (x0, y0), (x1, y1) = start, end
    count = int(abs(x1 - x0) / 62)
    parts = [i / count for i in range(count + 1)]
    hung = [(x0 + (x1 - x0) * t, y0 + (y1 - y0) * t - 4 * sag * t * (1 - t)) for t in parts]
    pen.line("#3a3034", 3, *hung)
    for i, (x, y) in enumerate(hung[1:-1]):
        if night:
            pen.disc("#ffdc8a", x, y - 12, 12)
        else:
            pen.shape(FLAGS[i % 5], (x - 17, y), (x + 17, y), (x, y - 46))


def foreground(picture: Image.Image, scene: Scene) -> None:
    canvas = ImageDraw.Draw(picture)
    if scene.swans:
        swan(Pen(canvas, 820, 1690))
        swan(Pen(canvas, 1090, 1735, 0.8))
        for i in range(4):
            cygnet(Pen(canvas, 1230 + i * 74, 1760 - 8 * (i % 2)))
    for i in range(46):  # in both corners
        inward = 560 * scattered(i) ** 2
        reed(Pen(canvas, inward if i % 2 else W - inward, H), i, scene.reeds)
    if scene.crowd or scene.night:
        garland(Pen(canvas, -60, 60, 1.9), (0, 0), (953, 53), 120, scene.night)
        garland(Pen(canvas, 1700, -40, 1.9), (0, 0), (821, -68), 110, scene.night)
    for i in range(17 if scene.crowd else 0):
        person(Pen(canvas, 60 + i * 194 + 70 * scattered(i), H + 200, 3.6), 0, 0, i + 1, scene)


def reed(pen: Pen, i: int, colour: str) -> None:
    tall, lean = 170 + 330 * scattered(i, 0.4), 60 * (scattered(i, 0.9) - 0.5)
    pen.line(colour, 9, (0, 0), (lean / 3, tall / 2), (lean, tall))
    if i % 4 < 2:
        pen.pill(colour, lean - 11, tall - 40, lean + 11, tall + 50)


def swan(pen: Pen) -> None:
    white = "#fffaf0"
    pen.canvas.chord((*pen.at(-130, 110), *pen.at(110, -80)), 0, 180, white)
    pen.shape(white, (-170, 70), (-128, 15), (40, 15), (-20, 90))
    pen.line(white, 30, (95, 15), (120, 70), (92, 130), (104, 176), (140, 186))
    pen.disc(white, 140, 182, 20)
    pen.shape("#e2762f", (150, 196), (200, 168), (150, 168))


def cygnet(pen: Pen) -> None:
    pen.disc("#a79f95", 0, 0, 17)
    pen.disc("#a79f95", 16, 20, 9)
