"""Make the small pictures that ship: scenes of emoji, two hard test pictures, the lab's objects.

Run once, after `python -m core.training data`: the emoji come from there.
Writes into assets/gallery.
"""

import json
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from core.training.pictures import is_held_out
from core.training.scenes import BACKGROUNDS

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "runs" / "data" / "lobehub-fluent-emoji-3d" / "package" / "assets"
FOLDER = ROOT / "assets" / "gallery"
SIDE = 256
LAB_SIDE = 32
LAB_COLUMNS = 4
SCENES = (  # name, title, the emoji's label and code, its background
    ("apple", "Red apple", "red apple", "1f34e", "blue"),
    ("lion", "Lion", "lion", "1f981", "green"),
    ("octopus", "Octopus", "octopus", "1f419", "white"),
    ("astronaut", "Astronaut", "astronaut", "1f9d1-200d-1f680", "black"),
    ("cactus", "Cactus", "cactus", "1f335", "pink"),
    ("motorcycle", "Motorcycle", "motorcycle", "1f3cd", "yellow"),
    ("burger", "Hamburger", "hamburger", "1f354", "gray"),
    ("ball", "Soccer ball", "soccer ball", "26bd", "green"),
    ("city", "City at dusk", "cityscape at dusk", "1f306", "purple"),
    ("mushroom", "Mushroom", "mushroom", "1f344", "orange"),
)
LAB = (
    ("red apple", "1f34e"), ("tangerine", "1f34a"), ("lemon", "1f34b"), ("banana", "1f34c"),
    ("watermelon", "1f349"), ("grapes", "1f347"), ("blueberries", "1fad0"),
    ("strawberry", "1f353"), ("avocado", "1f951"), ("eggplant", "1f346"), ("carrot", "1f955"),
    ("broccoli", "1f966"),
)  # fmt: skip


def emoji(code: str, side: int) -> Image.Image:
    """Return one emoji with its alpha, at a size."""
    names = (code, f"{code}-fe0f")
    file = next(SOURCE / f"{name}.webp" for name in names if (SOURCE / f"{name}.webp").exists())
    whole = Image.open(file).convert("RGBa")
    return whole.resize((side, side), Image.Resampling.LANCZOS).convert("RGBA")


def scene(code: str, background: str) -> Image.Image:
    """Place an emoji in the middle of a plain ground."""
    picture = Image.new("RGB", (SIDE, SIDE), BACKGROUNDS[background])
    side = round(SIDE * 0.86)
    placed = emoji(code, side)
    picture.paste(placed, ((SIDE - side) // 2, (SIDE - side) // 2), placed)
    return picture


def stripes() -> Image.Image:
    """Stripes that get finer from left to right: detail that has to be lost somewhere."""
    picture = Image.new("RGB", (SIDE, SIDE), "white")
    pen = ImageDraw.Draw(picture)
    at, width, inks = 0.0, 26.0, ("#0072B2", "#E69F00")
    for index in range(400):
        if at > SIDE:
            break
        if index % 2 == 0:
            pen.rectangle([at, 0, at + width - 1, SIDE // 2], fill=inks[0])
            pen.rectangle([at, SIDE // 2 + 1, at + width - 1, SIDE], fill=inks[1])
        at += width
        width = max(2.0, width * 0.89)
    return picture


def letters() -> Image.Image:
    """Words in five sizes: the smallest cannot come through 8 x 8 pixels a latent."""
    picture = Image.new("RGB", (SIDE, SIDE), "#FBFAF5")
    pen = ImageDraw.Draw(picture)
    top = 10
    for size in (54, 42, 32, 24, 17, 13):
        pen.text((16, top), "Glass box", fill="#1B2430", font=ImageFont.load_default(size))
        top += round(size * 1.25)
    return picture


def main() -> None:
    """Write everything."""
    FOLDER.mkdir(exist_ok=True)
    told = []
    for name, title, label, code, background in SCENES:
        save(scene(code, background), name)
        told.append({"name": name, "title": title, "unseen": is_held_out(label)})
    for name, title, picture in (
        ("stripes", "Finer and finer stripes", stripes()),
        ("letters", "Smaller and smaller letters", letters()),
    ):
        save(picture, name)
        told.append({"name": name, "title": title, "unseen": True})
    rows = -(-len(LAB) // LAB_COLUMNS)
    sheet = Image.new("RGBA", (LAB_COLUMNS * LAB_SIDE, rows * LAB_SIDE))
    for index, (_, code) in enumerate(LAB):
        row, column = divmod(index, LAB_COLUMNS)
        sheet.paste(emoji(code, LAB_SIDE), (column * LAB_SIDE, row * LAB_SIDE))
    sheet.save(FOLDER / "lab.webp", "WEBP", lossless=True, quality=100, method=6)
    about = {"pictures": told, "lab": {"side": LAB_SIDE, "names": [name for name, _ in LAB]}}
    (FOLDER / "gallery.json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")


def save(picture: Image.Image, name: str) -> None:
    """Write one picture of the gallery."""
    picture.save(FOLDER / f"{name}.webp", "WEBP", quality=92, method=6)


if __name__ == "__main__":
    main()
