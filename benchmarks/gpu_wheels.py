"""Wheels for a GPU machine without a network: Optuna, Ray, fvcore, SQLAlchemy, msgspec, and theirs.

    python benchmarks/gpu_wheels.py

They are for Python 3.12 on Linux, and lie in results/local/gpu-wheels, under 64 MiB in all. Ray
goes without its Java, its dashboard's pages and RLlib: nas-tc uses none of them. NumPy and Pillow
are left out, since a machine that trains has them. It prints the command to run there.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
OUT = ROOT / "results" / "local" / "gpu-wheels"
WANTED = ("optuna>=5.0,<6", "ray>=2.60,<3", "sqlalchemy", "msgspec")
OF_FVCORE = ("yacs", "termcolor", "tabulate", "portalocker", "typing_extensions")
FROM_SOURCE = ("fvcore", "iopath")  # there are no wheels of them; they are Python alone
THERE = ("numpy-", "pillow-")
UNUSED = ("ray/jars/", "ray/dashboard/client/", "ray/rllib/")
MOST_BYTES = 64 * 2**20
PLATFORMS = ("manylinux2014_x86_64", "manylinux_2_27_x86_64", "manylinux_2_28_x86_64")


def download(folder: Path) -> None:
    """Downloads all wheels into the folder.

    Raises:
        CalledProcessError: pip failed; its own message is on the screen.
    """
    places = [word for each in PLATFORMS for word in ("--platform", each)]
    target = ["--python-version", "3.12", *places, "--only-binary=:all:"]
    pip = [sys.executable, "-m", "pip"]
    common = ["-q", "--disable-pip-version-check"]
    subprocess.run(
        [*pip, "download", *common, "-d", str(folder), *target, *WANTED, *OF_FVCORE], check=True
    )
    subprocess.run(
        [*pip, "wheel", *common, "--no-deps", "-w", str(folder), *FROM_SOURCE], check=True
    )


def without(wheel: Path, unused: tuple[str, ...], out: Path) -> None:
    """Copies a wheel but for the files whose names begin so, which its RECORD forgets, too."""
    with (
        zipfile.ZipFile(wheel) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as new,
    ):
        for entry in old.infolist():
            if entry.filename.startswith(unused):
                continue
            content = old.read(entry)
            if entry.filename.endswith(".dist-info/RECORD"):
                rows = content.decode().splitlines(keepends=True)
                content = "".join(row for row in rows if not row.startswith(unused)).encode()
            new.writestr(entry, content, zipfile.ZIP_DEFLATED, 9)  # keeps the permissions


def main(argv: list[str] | None = None) -> int:
    """Lays the wheels and says what to run; 1 if they are too large to travel."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args(argv)
    shutil.rmtree(options.out, ignore_errors=True)
    options.out.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as folder:
        download(Path(folder))
        for wheel in sorted(Path(folder).glob("*.whl")):
            if wheel.name.lower().startswith(THERE):
                continue
            place = options.out / wheel.name
            if wheel.name.startswith("ray-"):
                without(wheel, UNUSED, place)
            else:
                shutil.copy2(wheel, place)
    wheels = sorted(options.out.glob("*.whl"))
    total = sum(each.stat().st_size for each in wheels)
    print(f"{len(wheels)} wheels, {total / 2**20:.1f} MiB, in {options.out}")
    if total > MOST_BYTES:
        print(f"too large: at most {MOST_BYTES / 2**20:.0f} MiB can travel", file=sys.stderr)
        return 1
    place = OUT.relative_to(ROOT) if options.out == OUT else options.out
    print(
        f"there, in the project's folder: python -m pip install --no-index --no-deps {place}/*.whl"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
